"""A real object store for tests: moto's S3 answers by HTTP on this machine, in a process of its own."""

import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest

SECRET = "q7Zp-secret-key-nobody-may-see"
SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""
"""Ends with the process that started it."""


@dataclass(frozen=True)
class ObjectStore:
    """Where it answers, and a bucket of the test's own."""

    endpoint: str
    bucket: str

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/shop/archives"

    @property
    def variables(self) -> dict[str, str]:
        """What a process needs to be let in."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "tester",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    @cached_property  # making one takes longer than most of what it is asked for
    def client(self) -> Any:
        """The plain client, past the code that is tested."""
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id="tester",
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
        )

    def content(self) -> dict[str, bytes]:
        """key -> bytes, of all that lies in the bucket."""
        listed = self.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return {one["Key"]: self.client.get_object(Bucket=self.bucket, Key=one["Key"])["Body"].read() for one in listed}


@contextmanager
def running_object_store() -> Iterator[tuple[str, Callable[[], None]]]:
    """Where a new one answers, and what kills it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with subprocess.Popen(
        [sys.executable, "-c", SERVER],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        assert port, "moto's server did not start"
        yield f"http://127.0.0.1:{port}", server.kill
        server.kill()


@pytest.fixture(scope="session")
def object_store_endpoint() -> Iterator[str]:
    with running_object_store() as (endpoint, _):
        yield endpoint


@pytest.fixture
def object_store(object_store_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """With an empty bucket; this process is let in."""
    store = ObjectStore(object_store_endpoint, f"test-{secrets.token_hex(6)}")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in store.variables.items():
        monkeypatch.setenv(name, value)
    store.client.create_bucket(Bucket=store.bucket)
    return store
