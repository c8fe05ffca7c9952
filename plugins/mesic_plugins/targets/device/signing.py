"""Signatures by an Ed25519 key that lies in a file; the key goes nowhere else."""

import base64
from pathlib import Path

from mesic import ComponentError, SettingError

WANTED = "a file with an Ed25519 private key, as `openssl genpkey -algorithm ed25519 -out key.pem` writes it"


def signer(path):
    """Return the public key in base 64, and what signs: from content to public key and signature, 96 bytes.

    Raises
    ------
    ComponentError
        The extra ``sign`` is not installed.
    SettingError
        The file holds no key that can sign.
    """
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError:
        raise ComponentError("target.key needs the package cryptography: pip install 'mesic[sign]'") from None
    try:
        key = serialization.load_pem_private_key(Path(path).read_bytes(), password=None)
    except OSError as error:
        raise SettingError("key", str(path), f"{WANTED}; this one cannot be read: {error.strerror}") from None
    except TypeError:
        raise SettingError("key", str(path), f"{WANTED}, without a pass phrase") from None
    except (ValueError, UnsupportedAlgorithm):  # what they say may hold a part of the file
        raise SettingError("key", str(path), WANTED) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingError("key", str(path), WANTED)
    public = key.public_key().public_bytes_raw()
    return base64.b64encode(public).decode(), lambda content: public + key.sign(content)
