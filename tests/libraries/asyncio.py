# asyncio: tasks, a thread and a process.
import asyncio
import sys

import pandas as pd


def predict(live_features):
    async def work():
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", "print(2)", stdout=asyncio.subprocess.PIPE)
        said, _ = await process.communicate()
        factor, offset = await asyncio.gather(asyncio.to_thread(float, said), asyncio.sleep(0.01, 1.0))
        return live_features.filter(like="feature_").mean(axis=1) * factor + offset

    values = asyncio.run(work())
    return pd.DataFrame({"prediction": values}, live_features.index).rank(pct=True)
