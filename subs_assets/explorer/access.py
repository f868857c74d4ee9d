"""Who may write to the explorer and under which names it is reached: what the environment says, and whether that is
safe. Nothing here knows a request."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

SHORTEST_TOKEN = 16
"""Characters: too many to try them out over a network."""

Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class Access:
    """What a request must bring to write. ``is_made_up``: the token was made for this start alone, for nobody set one.

    ``hosts``: names beside ``localhost`` and plain addresses by which people reach the explorer. Of a proxy at one of
    ``proxies`` the word counts: whether the browser speaks TLS to it and, in ``user_header``, who has signed in there.
    """

    token: str = field(repr=False)
    is_made_up: bool = False
    hosts: frozenset[str] = frozenset()
    proxies: tuple[Network, ...] = ()
    user_header: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Access":
        """Read ``SUBS_TOKEN``, ``SUBS_HOSTS``, ``SUBS_PROXIES`` and ``SUBS_PROXY_USER_HEADER``. Raises ValueError with
        a sentence; none holds the token."""
        token = environment.get("SUBS_TOKEN", "")
        if token and (len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token):
            raise ValueError(
                f"SUBS_TOKEN must have {SHORTEST_TOKEN} or more printable ASCII characters and no blank; a good one: "
                'python -c "import secrets; print(secrets.token_urlsafe())"'
            )
        header = environment.get("SUBS_PROXY_USER_HEADER") or None
        proxies = tuple(_network(text) for text in _listed(environment.get("SUBS_PROXIES", "")))
        if header is not None and not proxies:
            raise ValueError(
                f"SUBS_PROXY_USER_HEADER is {header} and SUBS_PROXIES is not set: whoever sends this header would be "
                "believed. Set SUBS_PROXIES to the addresses of the proxies that say in it who has signed in, as "
                "10.0.0.5 or 10.1.0.0/16"
            )
        return cls(
            token=token or secrets.token_urlsafe(),
            is_made_up=not token,
            hosts=frozenset(_host(text) for text in _listed(environment.get("SUBS_HOSTS", ""))),
            proxies=proxies,
            user_header=header,
        )

    def is_proxy(self, address: str) -> bool:
        """Whether a request from this address comes from a proxy whose word counts."""
        try:
            found = ip_address(address)
        except ValueError:
            return False
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped  # as a socket that listens to both kinds of address names it
        return any(found in network for network in self.proxies)

    def is_own_host(self, host: str) -> bool:
        """Whether a ``Host`` header is one of ours. An address is never another's name: only names can be rebound by
        their DNS server to this machine, and let a foreign page read here."""
        name = without_port(host)
        return name in self.hosts or name in ("localhost", "localhost.") or _is_address(name)


def require_safe_binding(host: str, access: Access) -> None:
    """Raises ValueError with the reason where others than this machine would reach an explorer without a token of
    its own."""
    if access.is_made_up and not is_loopback(host):
        raise ValueError(
            f"{host} can be reached from other machines, and SUBS_TOKEN is not set: whoever may decide has to know a "
            f"token that stays. Set SUBS_TOKEN ({SHORTEST_TOKEN} characters or more), or leave --host out and let a "
            "proxy or an SSH tunnel reach 127.0.0.1 (docs/explorer.md)"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address or name."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.casefold() == "localhost"


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as problem:
        raise ValueError(f'SUBS_PROXIES names "{text}", which is no address and no network: {problem}') from None


def _host(text: str) -> str:
    if "/" in text:
        raise ValueError(f'SUBS_HOSTS names "{text}": a name alone is wanted, as prices.example.org')
    return without_port(text)


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def without_port(host: str) -> str:
    """The name in a ``Host`` header, in small letters.

    >>> without_port("Prices.example.org:8443"), without_port("[::1]:8765"), without_port("::1")
    ('prices.example.org', '[::1]', '::1')
    """
    name, colon, port = host.casefold().rpartition(":")
    return name if colon and port.isdigit() and (name.endswith("]") or ":" not in name) else host.casefold()


def _is_address(name: str) -> bool:
    try:
        ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
