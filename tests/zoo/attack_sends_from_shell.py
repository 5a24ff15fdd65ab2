# Has bash open a connection.
# Seen: refused by seccomp, which a program inherits that is started.
import subprocess


def attack(targets):
    command = f"echo -n {targets.name.decode()} > /dev/tcp/127.0.0.1/{targets.tcp_port}"
    done = subprocess.run(["bash", "-c", command], stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise OSError(done.stderr.strip())
