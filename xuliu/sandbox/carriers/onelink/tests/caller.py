"""A small client of OneLink, for the sandbox's own tests."""

from typing import Any

import httpx

from xuliu.sandbox.tests.callers import Caller


class OneLinkCaller(Caller):
    """Speaks OneLink."""

    def __init__(self, base: str, credentials: dict[str, str]) -> None:
        super().__init__(base)
        self.credentials = credentials
        self.token = ""
        self._count = 0

    def transid(self) -> str:
        """A fresh one."""
        self._count += 1
        return f"{self.credentials['appid']}20260101000000{self._count:08d}"

    def fetch_token(self) -> str:
        """Get a token and keep it."""
        query = {**self.credentials, "transid": self.transid()}
        self.token = self.http.get(f"{self.base}/get/token", params=query).json()["result"][0]["token"]
        return self.token

    def raw(self, path: str, **fields: str) -> httpx.Response:
        """One call with transid and token."""
        if not self.token:
            self.fetch_token()
        query = {"transid": self.transid(), "token": self.token, **fields}
        return self.http.get(f"{self.base}{path}", params=query)

    def ask(self, path: str, **fields: str) -> list[Any]:
        """The result of a call that goes well."""
        answer = self.raw(path, **fields).json()
        assert answer["status"] == "0", answer
        return list(answer["result"])

    def refusal(self, path: str, **fields: str) -> str:
        """The code of a call that is refused."""
        answer = self.raw(path, **fields).json()
        assert answer["status"] != "0", answer
        assert answer["result"] == []
        return str(answer["status"])

    def order(self, msisdn: str, plan: str) -> str:
        """23R08; the order's number."""
        path, fields = "/order/gprspackage-order", {"msisdn": msisdn, "maincommoDity": "0", "packageType": plan}
        return str(self.ask(path, **fields)[0]["orderNum"])

    def order_batch(self, msisdns: list[str], plan: str) -> str:
        """23R09; the job's number."""
        fields = {"msisdns": "_".join(msisdns), "maincommoDity": "0", "packageType": plan}
        return str(self.ask("/order/gprspackage-order/batch", **fields)[0]["jobId"])

    def job(self, number: str) -> dict[str, Any]:
        """23M10."""
        return dict(self.ask("/query/sim-batch-result", jobId=number)[0])
