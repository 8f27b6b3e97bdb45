"""Errors are sentences in the reader's language, and the language is the reader's choice."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from pytest_django.fixtures import Settings

from tests import make
from xuliu.config import urls

pytestmark = pytest.mark.django_db


def broken(request: HttpRequest) -> HttpResponse:
    """A page that fails."""
    raise RuntimeError("a fault of ours")


urlpatterns = [path("broken", broken), *urls.urlpatterns]


@pytest.mark.parametrize(
    ("language", "words"), [("en", "There is nothing at this address"), ("zh-CN", "这个地址下没有内容")]
)
def test_what_is_not_there_is_said_in_both_languages(client: Client, language: str, words: str) -> None:
    answer = client.get("/nowhere", headers={"Accept-Language": language})

    assert answer.status_code == 404
    assert words in answer.content.decode()


@pytest.mark.parametrize(("language", "words"), [("en", "Please press the button again"), ("zh-CN", "请再按一次")])
def test_a_form_without_its_token_is_refused_in_both_languages(language: str, words: str) -> None:
    answer = Client(enforce_csrf_checks=True).post("/look-up", {"typed": "x"}, headers={"Accept-Language": language})

    assert answer.status_code == 403
    assert words in answer.content.decode()


@pytest.mark.parametrize(("language", "words"), [("en", "Something broke on our side"), ("zh-CN", "我们这边出错了")])
def test_our_own_mistake_is_admitted_in_both_languages_and_tells_no_secret(
    settings: Settings, language: str, words: str
) -> None:
    settings.ROOT_URLCONF = __name__

    answer = Client(raise_request_exception=False).get("/broken", headers={"Accept-Language": language})

    assert answer.status_code == 500
    assert words in answer.content.decode()
    assert "a fault of ours" not in answer.content.decode()


def test_the_readers_browser_chooses_the_language_until_the_reader_does(client: Client) -> None:
    shop = make.make_shop()
    sticker = f"/t/{shop.terminal.sticker_code}"
    assert 'lang="zh-Hans"' in client.get(sticker, headers={"Accept-Language": "zh-CN"}).content.decode()
    assert "天后到期" in client.get(sticker, headers={"Accept-Language": "fr"}).content.decode()

    back = client.get(f"/language/en?next={sticker}")

    assert back.headers["Location"] == sticker
    assert "days left" in client.get(sticker, headers={"Accept-Language": "zh-CN"}).content.decode()
    client.get("/language/zh-hans")
    assert "天后到期" in client.get(sticker, headers={"Accept-Language": "en"}).content.decode()


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x"])
def test_choosing_a_language_leads_nowhere_else(client: Client, elsewhere: str) -> None:
    assert client.get("/language/en", {"next": elsewhere}).headers["Location"] == "/"


def test_a_language_that_we_do_not_speak_changes_nothing(client: Client) -> None:
    assert "xuliu_language" not in client.get("/language/tlh").cookies
