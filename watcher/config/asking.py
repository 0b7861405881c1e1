"""Asks a Prometheus-compatible API about metrics, for the checks that need one.

By `prometheus-api-client`, which suits a command line tool; it drops warnings, so these are taken from the raw
answers, and its retries (which would wait for seconds) are switched off.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from watcher.core.measuring.native import NativeSample, native_sample
from watcher.core.policy import PartialResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_api_client import PrometheusConnect
    from requests import Response, Session

    from watcher.core.policy import Source

RawSamples = tuple[dict[str, str], list[tuple[float, float]]]
"""Labels of a series, and its samples: Unix seconds and value, oldest first."""

TIMEOUT_S = 10
_STATUS = re.compile(r"HTTP Status Code (\d+) \(b?(.*)\)\Z", re.DOTALL)


class SourceUnusableError(Exception):
    """The source gives no answer that can be used; `what` and `remedy` say why.  `key` names the setting to look at."""

    def __init__(self, what: str, remedy: str, key: str = "url") -> None:
        super().__init__(f"{what}; {remedy}")
        self.what, self.remedy, self.key = what, remedy, key


class QueryRefusedError(Exception):
    """The source understood the request and refused it (HTTP 400 or 422); the message is its own."""


class Asker:
    """Questions to one source.  Methods raise SourceUnusableError, and QueryRefusedError for a query it refuses."""

    def __init__(self, source: Source, elsewhere: str = "--prometheus URL asks another address") -> None:
        """`elsewhere`: how another address is asked, for those who cannot reach this one."""
        self._source, self._elsewhere = source, elsewhere
        self._warnings: list[str] = []
        self._session = self._prepared_session()
        self._client = self._connected()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def series(self, query: str) -> list[dict[str, str]]:
        """Labels of each series that the query returns now."""
        answer = self._ask(lambda: self._client.custom_query(query))
        return [dict(item["metric"]) for item in answer if isinstance(item, dict)]

    def exists(self, selector: str) -> bool:
        """Whether any series is there now."""
        return bool(self.series(f"count({selector})"))

    def histograms(self, selector: str) -> list[NativeSample]:
        """The newest sample of each series that is a native histogram."""

        def question() -> list[NativeSample]:
            answer = [item["histogram"] for item in self._client.custom_query(selector) if "histogram" in item]
            return [native_sample(float(at), body["count"], body.get("buckets", ())) for at, body in answer]

        found: list[NativeSample] = self._ask(question)
        return found

    def labels(self, selector: str) -> list[str]:
        """Names of the labels of these series."""
        return list(self._ask(lambda: self._client.get_label_names(params={"match[]": selector})))

    def values(self, label: str, selector: str | None = None) -> list[str]:
        """Values of a label, of these series or of all, as far back as the source remembers."""
        params = {} if selector is None else {"match[]": selector}
        return list(self._ask(lambda: self._client.get_label_values(label, params=params)))

    def raw(self, selector: str, window: float, at: float) -> list[RawSamples]:
        """Samples of each series of `selector` in (at - window, at] as they were scraped; seconds, `at` Unix seconds.

        A series of native histograms comes without samples.
        """
        query, times = f"{selector}[{round(window * 1000)}ms]", {"time": f"{at:.3f}"}

        def question() -> list[RawSamples]:
            answer = self._client.custom_query(query, params=times)
            return [
                (dict(each["metric"]), [(float(at), float(value)) for at, value in each.get("values", ())])
                for each in answer
            ]

        found: list[RawSamples] = self._ask(question)
        return found

    def _ask(self, question: Callable[[], Any]) -> Any:
        from prometheus_api_client.exceptions import PrometheusApiClientException  # noqa: PLC0415 - heavy, only used here

        try:
            answer = question()
        except PrometheusApiClientException as error:
            raise self._refusal(str(error)) from error
        except OSError as error:  # all errors of requests are OSErrors
            raise self._unreachable(error) from error
        except (ValueError, KeyError, TypeError) as error:
            what = f"{self._source.url} answers, but not as Prometheus does"
            raise SourceUnusableError(
                what, "give the address of the API, with its path prefix if it has one"
            ) from error
        if self._warnings and self._source.partial_response is PartialResponse.REFUSE:
            what = f"{self._source.url} answers with a warning: {self._warnings[0][:200]}"
            remedy = "mend what it names, or set partialResponse: allow"
            raise SourceUnusableError(what, remedy, "partialResponse")
        return answer

    def _refusal(self, message: str) -> Exception:
        match = _STATUS.match(message)
        status, body = (int(match[1]), match[2].strip("'\"")) if match else (0, message)
        if status in (400, 422):
            return QueryRefusedError(body[:300])
        if status in (401, 403):
            what = f"{self._source.url} refuses us (HTTP {status})"
            return SourceUnusableError(what, "give auth: with a bearerFile, or user and passwordFile", "auth")
        if status == 404:
            what = f"{self._source.url} has no /api/v1"
            return SourceUnusableError(what, "add the path prefix to the url, as in http://HOST:PORT/prometheus")
        return SourceUnusableError(f"{self._source.url} fails (HTTP {status}): {body[:200]}", "look into its log")

    def _unreachable(self, error: OSError) -> SourceUnusableError:
        from requests import exceptions  # noqa: PLC0415 - heavy, only used here

        url = self._source.url
        if isinstance(error, exceptions.SSLError):
            what = f"the TLS connection to {url} fails: {_cause(error)}"
            return SourceUnusableError(what, "give tls: {caFile: ...} with the authority that signed it", "tls")
        if isinstance(error, exceptions.Timeout):
            what = f"{url} does not answer within {TIMEOUT_S} s"
            return SourceUnusableError(what, f"check address and load; {self._elsewhere}")
        if isinstance(error, exceptions.JSONDecodeError):
            remedy = "give the address of the API, with its path prefix if it has one"
            return SourceUnusableError(f"{url} answers, but not as Prometheus does", remedy)
        if isinstance(error, exceptions.RequestException):
            remedy = f"check that it runs and is reachable from here; {self._elsewhere}"
            return SourceUnusableError(f"cannot reach {url}: {_cause(error)}", remedy)
        return SourceUnusableError(f"a file of tls cannot be used: {error}", "give readable PEM files", "tls")

    def _prepared_session(self) -> Session:
        from requests import Session  # noqa: PLC0415 - heavy, only used here

        session = Session()
        tls = self._source.tls
        session.verify = tls.ca_file or True
        session.cert = (tls.cert_file, tls.key_file) if tls.cert_file else None
        session.hooks["response"].append(self._note_warnings)
        return session

    def _note_warnings(self, response: Response, *_: object, **__: object) -> None:
        try:
            answer = response.json()
        except ValueError:
            return
        if isinstance(answer, dict):
            self._warnings += map(str, answer.get("warnings") or ())

    def _connected(self) -> PrometheusConnect:
        from prometheus_api_client import PrometheusConnect  # noqa: PLC0415 - heavy, only used here
        from urllib3.util.retry import Retry  # noqa: PLC0415 - comes with it

        headers = dict(self._source.headers)
        if self._source.tenant:
            headers["X-Scope-OrgID"] = self._source.tenant
        return PrometheusConnect(
            url=self._source.url,
            headers=headers,
            retry=Retry(total=0, redirect=5),
            auth=self._credentials(),
            session=self._session,
            timeout=TIMEOUT_S,
        )

    def _credentials(self) -> Any:
        auth = self._source.auth
        if auth.user:
            return auth.user, _secret(auth.password_file)
        if not auth.bearer_file:
            return None
        token = _secret(auth.bearer_file)

        def bearer(request: Any) -> Any:
            request.headers["Authorization"] = f"Bearer {token}"
            return request

        return bearer


def _secret(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise SourceUnusableError(
            f"cannot read {file}: {reason}", "give a readable file with the secret", "auth"
        ) from error


def _cause(error: BaseException) -> str:
    """The innermost reason of a chain that repeats itself at every level."""
    text = str(error)
    found = re.search(r"\[Errno -?\d+\] ([^'\"()]+)|(certificate verify failed[^(]*)|(Name or service not known)", text)
    return next(part for part in found.groups() if part).strip() if found else text[:200]
