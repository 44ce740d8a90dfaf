"""Settings: the environment, read once. A wrong variable stops the start with its name and what it needs.

Every variable is listed in docs/operations.md. `.local/env`, written by `make run`, answers for variables that the
environment does not set, so that `manage.py` by hand finds the embedded services.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
LOCAL_DIR = BASE_DIR / ".local"

env = environ.Env()
env.prefix = ""
if (LOCAL_DIR / "env").is_file():
    env.read_env(LOCAL_DIR / "env", overwrite=False)


def _number(name: str, default: float, *, least: float = 0) -> float:
    text = env.str(name, default=str(default))
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value < float("inf"):
        raise ImproperlyConfigured(f"{name} must be a number, at least {least:g}; got {text!r}.")
    return value


def _whole(name: str, default: int, *, least: int = 0) -> int:
    value = _number(name, default, least=least)
    if value != int(value):
        raise ImproperlyConfigured(f"{name} must be a whole number; got {value:g}.")
    return int(value)


def _switch(name: str, *, default: bool) -> bool:
    text = env.str(name, default="true" if default else "false").strip().lower()
    if text not in {"true", "false", "1", "0", "yes", "no", "on", "off"}:
        raise ImproperlyConfigured(f"{name} must be true or false; got {text!r}.")
    return text in {"true", "1", "yes", "on"}


def _address(name: str, *schemes: str) -> str:
    text: str = env.str(name, default="")
    if text.split("://", 1)[0] not in schemes or "://" not in text:
        raise ImproperlyConfigured(
            f"{name} must be an address that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}"
            f"{'' if text else '; it is not set'}. `make run` brings its own services."
        )
    return text


def _mail(text: str) -> dict[str, Any]:
    """Return what EMAIL_URL says of the mail server, as django-environ reads it."""
    try:
        config: dict[str, Any] = env.email_url_config(text)
        if config["EMAIL_BACKEND"].endswith("smtp.EmailBackend") and not config["EMAIL_HOST"]:
            raise ValueError("no host")
    except (ImproperlyConfigured, ValueError):
        # The address holds a password: neither it nor the parser's error, which quotes parts of it, is repeated here.
        raise ImproperlyConfigured(
            "EMAIL_URL must be an address such as smtp+tls://user:password@mail.example:587, and begin with "
            "smtp://, smtp+tls://, smtp+ssl://, consolemail://, filemail:// or dummymail://."
        ) from None
    return config


with (BASE_DIR / "pyproject.toml").open("rb") as _pyproject:
    VERSION: str = env.str("VERSION", default=tomllib.load(_pyproject)["project"]["version"])
"""What processes say they run; a deployment may name its build."""

DEBUG = _switch("DEBUG", default=False)
DEBUG_IN_PUBLIC = _switch("DEBUG_IN_PUBLIC", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY must be set: a long random text that is kept secret.")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
"""Keys of before: what was signed with them is still good."""

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HOST = env.str("HOST", default="127.0.0.1")
PORT = _whole("PORT", 8000)
if PORT > 65535:
    raise ImproperlyConfigured(f"PORT must be a port, at most 65535; got {PORT}.")
WEB_CONCURRENCY = _whole("WEB_CONCURRENCY", 1, least=1)
TRUST_FORWARDED_FOR = _switch("TRUST_FORWARDED_FOR", default=False)
DATABASE_URL = _address("DATABASE_URL", "postgres", "postgresql")
REDIS_URL = _address("REDIS_URL", "redis", "rediss", "unix")

# Mail. Without a server, development keeps what would be sent as files (project/kept_mail.py); elsewhere it goes
# nowhere, and a system check says so.
EMAIL_URL = env.str("EMAIL_URL", default="")
KEEP_MAIL = DEBUG and not EMAIL_URL
_server = _mail(EMAIL_URL or "dummymail://")
_backend = str(_server["EMAIL_BACKEND"])
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend" if KEEP_MAIL else _backend
EMAIL_FILE_PATH = str(LOCAL_DIR / "mail") if KEEP_MAIL else _server["EMAIL_FILE_PATH"]
EMAIL_HOST = _server["EMAIL_HOST"] or "localhost"
EMAIL_HOST_USER = _server["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = _server["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS = bool(_server.get("EMAIL_USE_TLS", False))
EMAIL_USE_SSL = bool(_server.get("EMAIL_USE_SSL", False))
EMAIL_PORT = _server["EMAIL_PORT"] or (587 if EMAIL_USE_TLS else 465 if EMAIL_USE_SSL else 25)
EMAIL_TIMEOUT = 10  # the page that sends a mail waits for it
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("EMAIL_FROM", default="webmaster@localhost")

# What counts as watched (docs/protocol.md, "What counts").
PROGRESS_MAX_RATE = _number("PROGRESS_MAX_RATE", 2, least=1)
PROGRESS_ACCEPT_CLAIMS = _switch("PROGRESS_ACCEPT_CLAIMS", default=True)

# How many months watched spans are kept (progress/spans.py); 0 for ever.
SPANS_KEPT_MONTHS = _whole("SPANS_KEPT_MONTHS", 24)

# How many days it is kept who looked at whom (progress/privacy/disclosures.py); 0 for ever.
DISCLOSURES_KEPT_DAYS = _whole("DISCLOSURES_KEPT_DAYS", 365)

# Which progress becomes an entry: from this percentage on, at each further step, and at completion.
FEED_PROGRESS_MINIMUM = _number("FEED_PROGRESS_MINIMUM", 50)
FEED_PROGRESS_STEP = _number("FEED_PROGRESS_STEP", 5, least=0.01)

# Who issues certificates (docs/certificate-issuers.md).
CERTIFICATE_ISSUER = env.str("CERTIFICATE_ISSUER", default="local")
# In clear only to this machine: it carries a token and students' names.
if CERTIFICATE_ISSUER != "local" and not re.match(
    r"https://[^/]|http://(localhost|127\.0\.0\.1|\[::1\])[:/]", CERTIFICATE_ISSUER
):
    raise ImproperlyConfigured(
        "CERTIFICATE_ISSUER must be local, or an address that begins with https:// (http:// on this machine only); "
        f"got {CERTIFICATE_ISSUER!r}."
    )
CERTIFICATE_ISSUER_TOKEN = env.str("CERTIFICATE_ISSUER_TOKEN", default="")
CERTIFICATE_ISSUER_TIMEOUT = _number("CERTIFICATE_ISSUER_TIMEOUT", 10, least=0.1)

# Jobs, done by `manage.py worker`: the modules that declare them.
PROCRASTINATE_IMPORT_PATHS = [
    "progress.issuing",
    "progress.privacy.erasure",
    "progress.reconsidering",
    "progress.uploads.reading",
]
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""

# Limits (0 = none).
LIMIT_FRAME_BYTES = _whole("LIMIT_FRAME_BYTES", 8192)
LIMIT_FEED_FRAME_BYTES = 65536
LIMIT_UNSENT_BYTES = _whole("LIMIT_UNSENT_BYTES", 1024 * 1024)
# Of one web process (consumers/limits.py).
LIMIT_SOCKETS_PER_PERSON = _whole("LIMIT_SOCKETS_PER_PERSON", 10)
LIMIT_SOCKETS_PER_ADDRESS = _whole("LIMIT_SOCKETS_PER_ADDRESS", 1000)  # a school sits behind one
LIMIT_CONNECTS_PER_SECOND = _whole("LIMIT_CONNECTS_PER_SECOND", 200)
LIMIT_DOWNLOADS_PER_PERSON = _whole("LIMIT_DOWNLOADS_PER_PERSON", 2)  # of one web process (feed/download.py)
LIMIT_TICKS_PER_SECOND = _number("LIMIT_TICKS_PER_SECOND", 2)
LIMIT_LOGIN_ATTEMPTS = _whole("LIMIT_LOGIN_ATTEMPTS", 10)  # in 15 minutes, an account and address
LIMIT_UPLOAD_BYTES = _whole("LIMIT_UPLOAD_BYTES", 2 * 1024**3)

INSTALLED_APPS = [
    "project",
    "consumers",
    "feed",
    "progress",
    "daphne",
    "channels",
    "ninja",
    "csp",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "servestatic",
    "django.contrib.staticfiles",
    "procrastinate.contrib.django",
    "axes",
]

MIDDLEWARE = [
    "project.request_ids.with_id",
    "project.headers.Headers",
    "project.errors.in_the_shape_of_the_api",
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "project.nul.refuse_nul",
    "progress.session_cookie.without_impossible_keys",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "project.locale.speak_to_the_person",
    "progress.sign_out.tell_of_sign_out",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "project.sign_in.count_attempts",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "project.urls"
ASGI_APPLICATION = "project.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "project.navigation.places",
                "progress.achievement_news.for_page",
            ],
            "libraries": {"lucide": "project.templatetags.icons"},
        },
    }
]

_database: dict[str, Any] = env.db_url_config(DATABASE_URL)
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **_database,
        "ENGINE": "project.postgresql",
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": False,  # the engine does it, and better
        # Under ASGI every request has a thread of its own; without a pool each would open a connection.
        "OPTIONS": {**_database.get("OPTIONS", {}), "pool": {"min_size": 0, "max_size": 20, "timeout": 10}},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "feed.layer.HistoryChannelLayer",
        "CONFIG": {
            # redis-py 8 waits 5 s by default; a write to a Redis that hangs must not hold a batch for longer than a
            # student notices, and the outbox delivers later anyway (law 6).
            "hosts": [{"address": REDIS_URL, "socket_timeout": 3, "socket_connect_timeout": 2}],
            "prefix": env.str("REDIS_PREFIX", default="live"),
        },
    }
}

AUTH_USER_MODEL = "progress.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
] + [{"NAME": "progress.sign_out.TellOpenSockets"}]
# Attempts to sign in (project/sign_in.py): counted in the database, and nothing kept that is not needed for it.
AUTHENTICATION_BACKENDS = ["project.sign_in.Attempts", "django.contrib.auth.backends.ModelBackend"]
AXES_ENABLED = LIMIT_LOGIN_ATTEMPTS > 0
AXES_FAILURE_LIMIT = LIMIT_LOGIN_ATTEMPTS
AXES_COOLOFF_TIME = "project.sign_in.window"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_CALLABLE = "project.sign_in.name_of"
AXES_LOCKOUT_CALLABLE = "project.sign_in.too_many"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

# Of visitors and commands; whoever is signed in has both (project/locale.py). The catalogues: project/catalogues.py.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "/static/"
STATICFILES_FINDERS = ["project.lean_files.LeanFinder", "project.lean_files.OtherApps"]
# Files are collected for production; with DEBUG on they are served from where they lie.
STATIC_ROOT = None if DEBUG else BASE_DIR / "staticfiles"
SERVESTATIC_USE_STATIC_ROOT = not DEBUG
SERVESTATIC_ALLOW_ALL_ORIGINS = False  # they are for our own pages
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(LOCAL_DIR / "media")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "project.staticfiles.HashedStaticFiles"
    },
}

# Cookies and transport: everything strict once DEBUG is off (docs/operations.md says how to stand behind a proxy).
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = not DEBUG
CSRF_COOKIE_HTTPONLY = True  # our scripts read the token in the page
CSRF_COOKIE_SAMESITE = "Lax"  # Strict would give whoever follows a link to us another token, and end the open pages'
CSRF_COOKIE_SECURE = not DEBUG
SECURE_SSL_REDIRECT = _switch("SECURE_SSL_REDIRECT", default=not DEBUG)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 0 if DEBUG else _whole("SECURE_HSTS_SECONDS", 365 * 86400)
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEBUG
SECURE_HSTS_PRELOAD = not DEBUG
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if _switch("TRUST_FORWARDED_PROTO", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# Of our own pages; project/headers.py has those of other pages, and the headers that are not Django's.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "media-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": [NONE],
    },
}

# What Prometheus says to be let in to /metrics; without it operators alone see that page.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

NINJA_PAGINATION_PER_PAGE = 50
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:
    raise ImproperlyConfigured(f"LOG_LEVEL must be DEBUG, INFO, WARNING, ERROR or CRITICAL; got {LOG_LEVEL!r}.")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "lines": {
            "()": "structlog.stdlib.ProcessorFormatter",
            "processors": "ext://project.logs.PROCESSORS",
            "foreign_pre_chain": "ext://project.logs.PRE_CHAIN",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security": {"level": "WARNING"},
        "daphne": {"level": "WARNING"},
        # The stock layer logs a traceback a second while Redis is away; consumers.hub says it once, in words.
        "channels_redis.pubsub": {"level": "CRITICAL"},
        "axes": {"level": "ERROR"},  # project.sign_in says what there is to say, without what was typed
        "httpx": {"level": "WARNING"},
        "procrastinate": {"level": "WARNING"},  # else each job is several lines
    },
}
