"""No form asks for a file: one that is sent all the same is refused at its heading, before a byte of it is kept."""

from typing import NoReturn

from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler


class RefuseFiles(FileUploadHandler):
    """Django asks it of each file part of a body. With Django's own ones, strangers could fill the disk."""

    def new_file(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise SuspiciousOperation, which is answered 400; what else was sent is not read."""
        raise SuspiciousOperation("a file was sent that no form asks for")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> NoReturn:
        """Never reached: no file begins."""
        raise NotImplementedError

    def file_complete(self, file_size: int) -> NoReturn:
        """Never reached: no file begins."""
        raise NotImplementedError
