"""The file around a pickle: what else it may be, and its decompression as pandas does it, by the file's extension."""

_OTHER_THINGS = {
    b"\x89HDF": "it is an HDF5 file, as Keras writes weights",
    b"PK\x03\x04": "it is a ZIP archive, as torch.save and Keras write, and pandas opens one only if it is named .zip",
    b"version https://git-lfs": "it is a Git LFS pointer; fetch the file itself with `git lfs pull`",
    **dict.fromkeys(
        (b"x\x01", b"x\x5e", b"x\x9c", b"x\xda"),
        "it is compressed with zlib, as joblib.dump does: use cloudpickle.dump",
    ),
    b"<": "it is an HTML or XML page, as a failed download leaves",
}
"""How files begin that people upload by mistake. None of these is the start of a pickle."""

_COMPRESSED_STARTS = {
    b"\x1f\x8b": ("gzip", ".gz"),
    b"BZh": ("bzip2", ".bz2"),
    b"\xfd7zXZ\0": ("xz", ".xz"),
    b"\x28\xb5\x2f\xfd": ("zstandard", ".zst"),
}
"""How compressed files begin, and the extension by which pandas would know."""

COMPRESSED = (".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".gz", ".bz2", ".zip", ".xz", ".zst")
"""Extensions by which pandas decompresses; the first that fits counts."""


class NotAPickle(Exception):
    """A file that is something else, and what."""


def compression(name: str) -> str:
    """Return the extension by which pandas decompresses a file; empty if it does not."""
    return next((extension for extension in COMPRESSED if name.lower().endswith(extension)), "")


def what_else(start: bytes, size: int) -> str | None:
    """Say what a file that is not compressed is instead of a pickle, if its first bytes show it.

    Args:
        start: the first bytes, 4,096 of them if there are so many.
        size: bytes of the file.
    """
    if size == 0:
        return "it is empty"
    for beginning, (name, extension) in _COMPRESSED_STARTS.items():
        if start.startswith(beginning):
            return f"it is compressed ({name}), which pandas knows only by the extension {extension}: rename it"
    if start[257:262] == b"ustar":
        return "it is a tar archive, which pandas knows only by the extension .tar: rename it"
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    for beginning, what in _OTHER_THINGS.items():
        if text.startswith(beginning):
            return what
    if text.startswith(b"{"):
        return "it is a Jupyter notebook" if b'"cells"' in text else "it is a JSON file"
    return None


def unpack(name: str, content: bytes) -> bytes:
    """Return the pickle in a file.

    Args:
        name: the file's name; its extension tells the compression.
        content: its bytes.

    Raises:
        NotAPickle: it is something else, or not compressed as its extension says.
    """
    extension = compression(name)
    if extension:
        try:
            content = _decompressed(extension, content)
        except (NotAPickle, MemoryError):
            raise
        except Exception as error:  # every library has its own
            if "ended before" in str(error):
                raise NotAPickle("it is compressed, and cut off: copy it again, and compare the sizes") from None
            raise NotAPickle(f"its extension says that it is compressed, but: {error}") from None
    if what := what_else(content[:4096], len(content)):
        raise NotAPickle(what)
    return content


def _decompressed(extension: str, content: bytes) -> bytes:
    import bz2
    import gzip
    import lzma

    if extension == ".zip" or extension.startswith(".tar"):
        return _only_member(extension, content)
    if extension == ".zst":
        raise NotAPickle("it is compressed with zstandard, which no environment here reads: use .gz or .xz")
    return {".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress}[extension](content)


def _only_member(extension: str, content: bytes) -> bytes:
    """The one file in an archive; pandas takes no archive with more."""
    import io
    import tarfile
    import zipfile

    if extension == ".zip":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if len(names) == 1:
                return archive.read(names[0])
    else:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            names = archive.getnames()
            file = archive.extractfile(names[0]) if len(names) == 1 else None
            if file:
                return file.read()
    entries = "one entry, which is no file" if len(names) == 1 else f"{len(names)} entries"
    raise NotAPickle(f"the archive holds {entries}, and has to hold the pickle and nothing else")
