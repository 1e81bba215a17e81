"""Reads over HTTP: what is tried again, what is not, and how much is taken."""

import gzip
from collections.abc import Callable

import httpx
import pytest

from agent.adapters.http import (
    DEADLINE_S,
    MAX_ATTEMPTS,
    MAX_BODY_BYTES,
    FetchError,
    FileBytes,
    UrlBytes,
    byte_source,
    fetch_bytes,
    new_client,
)
from agent.errors import SettingsError, SourceUnavailableError

ADDRESS = "https://user:secret@signals.example/ranking.json?key=hidden"
Handler = Callable[[httpx.Request], httpx.Response]


def source(handler: Handler, slept: list[float], address: str = ADDRESS) -> UrlBytes:
    client = new_client(httpx.MockTransport(handler))
    return UrlBytes(url=httpx.URL(address), client=client, sleep=slept.append)


def answers(*responses: httpx.Response | Exception) -> tuple[Handler, list[httpx.Request]]:
    left, seen = list(responses), []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return handler, seen


def read(*responses: httpx.Response | Exception) -> tuple[bytes, int, int]:
    handler, seen = answers(*responses)
    slept: list[float] = []
    raw = source(handler, slept).read()
    return raw, len(seen), len(slept)


def refused(*responses: httpx.Response | Exception) -> tuple[SourceUnavailableError, int]:
    handler, seen = answers(*responses)
    with pytest.raises(SourceUnavailableError) as caught:
        source(handler, []).read()
    return caught.value, len(seen)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
def test_the_body_is_taken_whatever_its_type_is_called(content_type):
    answer = httpx.Response(200, content=b"{}", headers={"content-type": content_type})

    assert (b"{}", 1, 0) == read(answer)


@pytest.mark.parametrize(
    "failure",
    [
        httpx.Response(503),
        httpx.Response(429),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut"),
    ],
    ids=repr,
)
def test_a_transient_failure_is_tried_again_after_a_wait(failure):
    assert (b"ok", 2, 1) == read(failure, httpx.Response(200, content=b"ok"))


def test_the_attempts_end_and_the_last_failure_is_told():
    error, attempts = refused(*[httpx.Response(502)] * 9)

    assert MAX_ATTEMPTS == attempts
    assert "HTTP status 502" == error.reason


@pytest.mark.parametrize("status", [204, 304, 400, 401, 404])
def test_a_status_that_will_not_change_is_told_at_once(status):
    error, attempts = refused(httpx.Response(status))

    assert (1, f"HTTP status {status}") == (attempts, error.reason)


def test_no_secret_of_the_address_is_told():
    error, _ = refused(httpx.Response(404))

    assert "https://signals.example/ranking.json" == error.source
    assert not any(word in str(error) for word in ("secret", "hidden"))


def test_the_key_in_a_header_is_sent_and_not_shown():
    handler, seen = answers(httpx.Response(200, content=b"ok"))
    keyed = byte_source(
        "https://signals.example/",
        setting="signals.ranking",
        client=new_client(httpx.MockTransport(handler)),
        headers={"authorization": "Bearer hidden"},
    )

    assert b"ok" == keyed.read()
    assert "Bearer hidden" == seen[0].headers["authorization"]
    assert "hidden" not in repr(keyed)


def moved(to: str) -> httpx.Response:
    return httpx.Response(302, headers={"location": to})


def test_three_redirects_are_followed():
    hops = [moved(f"https://signals.example/{n}") for n in range(3)]

    assert (b"ok", 4, 0) == read(*hops, httpx.Response(200, content=b"ok"))


def test_a_fourth_redirect_is_refused():
    error, attempts = refused(*[moved(f"https://signals.example/{n}") for n in range(4)])

    assert (4, "more than 3 redirects") == (attempts, error.reason)


def test_a_redirect_away_from_tls_is_refused():
    error, attempts = refused(moved("http://signals.example/"))

    assert (1, "redirect from https to http") == (attempts, error.reason)


def test_a_redirect_to_another_host_does_not_carry_the_key():
    handler, seen = answers(moved("https://elsewhere.example/"), httpx.Response(200, content=b"ok"))

    source(handler, []).read()

    assert "authorization" in seen[0].headers
    assert "authorization" not in seen[1].headers


def test_a_body_at_the_cap_is_taken_and_one_byte_more_is_not():
    assert MAX_BODY_BYTES == len(read(httpx.Response(200, content=bytes(MAX_BODY_BYTES)))[0])
    error, attempts = refused(httpx.Response(200, content=bytes(MAX_BODY_BYTES + 1)))

    assert (1, f"larger than {MAX_BODY_BYTES} bytes") == (attempts, error.reason)


def test_a_body_that_unpacks_beyond_the_cap_is_refused():
    packed = gzip.compress(bytes(4 * MAX_BODY_BYTES))
    answer = httpx.Response(200, headers={"content-encoding": "gzip"}, content=packed)

    error, _ = refused(answer)

    assert "larger than" in error.reason


def test_a_body_that_drips_is_given_up_at_the_deadline():
    moments = iter([0.0, DEADLINE_S, DEADLINE_S + 1])
    handler, _ = answers(httpx.Response(200, content=iter([b"a", b"b", b"c"])))
    client = new_client(httpx.MockTransport(handler))

    with pytest.raises(FetchError, match="not complete in 30 s"):
        fetch_bytes(client, client.build_request("GET", ADDRESS), monotonic=lambda: next(moments))


@pytest.mark.parametrize("location", ["ftp://host/file", "file:///etc/passwd", "https://", "x://y"])
def test_another_kind_of_address_is_a_settings_error(location):
    with pytest.raises(SettingsError, match=r"signals\.ranking .*path or an http"):
        byte_source(location, setting="signals.ranking", client=new_client())


def test_a_location_without_a_scheme_is_a_path(tmp_path):
    path = tmp_path / "signal.json"
    path.write_bytes(b"{}")

    found = byte_source(str(path), setting="signals.ranking", client=new_client())

    assert FileBytes(path=path) == found
    assert b"{}" == found.read()


@pytest.mark.parametrize("kind", ["missing", "directory", "large"])
def test_a_file_that_cannot_be_read_says_why(tmp_path, kind):
    path = tmp_path / kind
    if kind == "directory":
        path.mkdir()
    if kind == "large":
        path.write_bytes(bytes(MAX_BODY_BYTES + 1))

    with pytest.raises(SourceUnavailableError) as caught:
        FileBytes(path=path).read()

    assert (str(path), True) == (caught.value.source, bool(caught.value.reason))
