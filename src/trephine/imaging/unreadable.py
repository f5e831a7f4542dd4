"""What is said of a file that the system, or a check of its path, does not let be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from trephine.errors import ImageError, InputError


@contextmanager
def image_errors(name: str) -> Iterator[None]:
    """Make an `ImageError` of what goes wrong with a file; one that is one already stays.

    Parameters
    ----------
    name
        Of the file, for messages.
    """
    try:
        yield
    except OSError as error:
        raise ImageError(f"{name}: cannot be read: {error.strerror}") from error
    except ImageError:
        raise
    except InputError as error:
        raise ImageError(str(error)) from None
