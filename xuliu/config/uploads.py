"""No form asks for a file: an uploaded file is refused at its header, before a byte is stored."""

from typing import NoReturn

from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler


class RefuseFiles(FileUploadHandler):
    """Django calls this for each file part. Django's own upload handlers would let strangers fill the disk."""

    def new_file(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise SuspiciousOperation, which is answered 400; the rest of the body is not read."""
        raise SuspiciousOperation("a file was sent that no form asks for")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> NoReturn:
        """Never reached: no file begins."""
        raise NotImplementedError

    def file_complete(self, file_size: int) -> NoReturn:
        """Never reached: no file begins."""
        raise NotImplementedError
