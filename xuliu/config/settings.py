"""One settings file for every installation; what differs stands in the environment (docs/environment.md)."""

import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.utils.translation import gettext_lazy as _

from xuliu.config import embedded, environment
from xuliu.interfaces.console import appearance

# Makes annotations such as QuerySet[Sim] and CharField[str, str] work at run time as they do for mypy.
django_stubs_ext.monkeypatch()

PACKAGE = Path(__file__).resolve().parent.parent
WAYS = PACKAGE / "interfaces" / "ways"

# This installation ----------------------------------------------------------------------------------
XULIU_HOME = environment.home()
XULIU_DEMO = environment.flag("XULIU_DEMO")
XULIU_BASE_URL = environment.base_url()
XULIU_SECRET = environment.secret(is_demo=XULIU_DEMO)
XULIU_OLD_SECRETS = tuple(os.environ.get("XULIU_OLD_SECRETS", "").split())
XULIU_PATIENCE = timedelta(hours=environment.whole("XULIU_PATIENCE_HOURS", default=2))
XULIU_LONG_PATIENCE = timedelta(hours=environment.whole("XULIU_LONG_PATIENCE_HOURS", default=24))
XULIU_MOST_SENDINGS = environment.whole("XULIU_MOST_SENDINGS", default=6)

DEBUG = environment.flag("XULIU_DEBUG")
SECRET_KEY = environment.derived(XULIU_SECRET, "django")
SECRET_KEY_FALLBACKS = [environment.derived(old, "django") for old in XULIU_OLD_SECRETS]

DATABASES = {
    "default": environment.database(os.environ.get("DATABASE_URL") or embedded.locate(XULIU_HOME).url()),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Parts ----------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "xuliu.common",
    "xuliu.party",
    "xuliu.ledger",
    "xuliu.carrier",
    "xuliu.ticket",
    "xuliu.catalog",
    "xuliu.inventory",
    "xuliu.payment",
    "xuliu.balance",
    "xuliu.ordering",
    "xuliu.interfaces.merchant",
    "xuliu.interfaces.console.apps.ConsoleConfig",
    "unfold.apps.BasicAppConfig",  # unfold's default configuration would replace the console's site
    "xuliu.interfaces.console.apps.ConsoleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
]

MIDDLEWARE = [
    "xuliu.config.visitors.VisitorsUntilNamed",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "xuliu.config.nul.NulIsNowhere",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "xuliu.config.methods.PagesAreReadOrPosted",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "xuliu.config.urls"
WSGI_APPLICATION = "xuliu.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # A way to pay has its templates and static files in its own folder.
        "DIRS": [WAYS / "templates", *sorted(WAYS.glob("providers/*/templates"))],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Words and time -------------------------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [PACKAGE / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

# People ---------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "party.Person"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "xuliu.party.roles.Roles",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_REDIRECT_URL = "/console/"
LOGIN_URL = "/accounts/login/"

ACCOUNT_ADAPTER = "xuliu.config.signin.NoSignUp"
ACCOUNT_USER_MODEL_USERNAME_FIELD = "sign_in_name"
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = False  # common.guard counts
ACCOUNT_FORMS = {"change_password": "xuliu.interfaces.console.signing_in.ChangePasswordForm"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Xuliu"
MFA_TOTP_TOLERANCE = 1  # half a minute, for phones whose clock is off
MFA_ADAPTER = "xuliu.interfaces.console.second_factor.SealedFactors"
MFA_FORMS = {
    "activate_totp": "xuliu.interfaces.console.second_factor.ActivateForm",
    "authenticate": "xuliu.interfaces.console.second_factor.AuthenticateForm",
    "reauthenticate": "xuliu.interfaces.console.second_factor.ReauthenticateForm",
}

# What browsers may do ------------------------------------------------------------------
IS_HTTPS = urlsplit(XULIU_BASE_URL).scheme == "https"
ALLOWED_HOSTS = [str(urlsplit(XULIU_BASE_URL).hostname), *environment.allowed_hosts()]
if XULIU_DEMO:
    ALLOWED_HOSTS += ["127.0.0.1", "localhost", "testserver"]
CSRF_TRUSTED_ORIGINS = [XULIU_BASE_URL]
if flag_proxy := environment.flag("XULIU_BEHIND_PROXY"):
    # Trust the header only behind a proxy that sets it itself.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
XULIU_BEHIND_PROXY = flag_proxy
# Whose tries are counted together: the peer's, unless it is one of our proxies and names the visitor.
XULIU_ADDRESS_HEADER = environment.address_header()
XULIU_PROXIES = environment.proxies()
SECURE_SSL_REDIRECT = IS_HTTPS
# Only the base URL knows a non-standard TLS port: a proxy may leave it out of Host.
SECURE_SSL_HOST = urlsplit(XULIU_BASE_URL).netloc if urlsplit(XULIU_BASE_URL).port else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^webhooks/"]
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_AGE = 12 * 3600  # one working day; only staff have sessions
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME, LANGUAGE_COOKIE_NAME = "xuliu_session", "xuliu_csrf", "xuliu_language"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
FILE_UPLOAD_HANDLERS = ["xuliu.config.uploads.RefuseFiles"]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}
# The console's pages are django-unfold's, whose inline scripts need more; staff alone see them.
CONSOLE_CONTENT_SECURITY_POLICY = {
    "script-src": [SELF, UNSAFE_INLINE, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
}

# The console's look
UNFOLD = appearance.UNFOLD

# Files ----------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = XULIU_HOME / "static"
STATICFILES_DIRS = sorted(WAYS.glob("providers/*/static"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MANIFEST_STRICT = True

# Logs: one JSON object a line, no personal data (xuliu/config/logs.py) --------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "xuliu.config.logs.JsonLines"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": environment.log_level()},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
    },
}
