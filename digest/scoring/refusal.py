"""Why an endpoint gives no answer: its own message, and the cause behind it. Pure.

Providers agree on little. The same HTTP status means different things, and an error may even come
with HTTP 200. So the cause is read from the codes and the words first, and from the status after
them. Messages are kept as they came: `Endpoint` makes them safe to print.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from typing import Any

_LONGEST_REASON = 500  # characters that are searched; an echo of the papers may follow
_LONGEST = 20_000  # characters of a message that are kept
_LONGEST_CODE = 80
_MESSAGE_FIELDS = ("code", "type", "status", "param", "message", "msg", "error_msg", "status_msg",
                   "detail", "reason", "raw", "metadata")  # fmt: skip
_CODE_FIELDS = re.compile(r"(?i)(?:.*_)?code|type|status|reason|quotaId|limit_source")


class Cause(Enum):
    """The cause of a refusal."""

    KEY = auto()
    BALANCE = auto()  # no credit left
    QUOTA = auto()  # of a day, or longer
    COUNTRY = auto()  # the provider does not serve it
    MODEL = auto()
    FORBIDDEN = auto()
    CONTENT = auto()  # of the papers
    LENGTH = auto()  # of the request
    SAMPLING = auto()  # the model did not produce the JSON that was asked for
    NO_ROOM = auto()  # at the cheap tier
    RATE = auto()
    TIMEOUT = auto()
    REQUEST = auto()  # its form
    ADDRESS = auto()  # there is no API
    SERVER = auto()


# Every other request of this run would fail, too.
FINAL = frozenset({Cause.KEY, Cause.BALANCE, Cause.QUOTA, Cause.COUNTRY})

FORMAT = re.compile(r"response_?format|json_?(?:schema|object|mode)|structured.outputs?")
# Parts of a request that are neither the papers nor the model.
_FORM = (
    rf"{FORMAT.pattern}|\b(?:prompt_cache_key|reasoning_effort|service_tier|safety_identifier"
    r"|max_(?:completion_)?tokens|temperature|requested parameters|support the provided)\b"
)
_NOT = (
    r"not.{0,20}(?:available|supported|allowed|served|permitted)|unsupported|restrict|block|banned"
)
# A limit of a minute passes, whatever the rest of the message says.
_SOON = re.compile(
    r"per.?(?:minute|min\b|second)|/ ?min\b|\b(?:rpm|tpm|qps)\b|1 minute|#token-limit"
    r"|每分钟|每秒|频率|速率|频繁|并发|qps limit"
)


@dataclass(frozen=True)
class _Rule:
    """How a cause is recognised: by a code, else by words."""

    cause: Cause
    codes: str  # separated by blanks; each is compared whole
    words: str = r"(?!)"  # a pattern; nothing by default
    statuses: Container[int] = frozenset(range(1000)) - {401, 402, 429}  # at which words count
    words_at_5xx: str = ""  # the pattern that counts at 500 and above, if not `words`
    unless: str = r"(?!)"  # words after which the rule does not hold
    about_papers: bool = False  # the rule does not hold for a message about the request's form

    def matches(self, refusal: Refusal, text: str) -> bool:
        if self.words_at_5xx and refusal.status >= 500:
            return re.search(self.words_at_5xx, text) is not None
        if refusal.status not in self.statuses or not re.search(self.words, text):
            return False
        if self.about_papers and not re.search(r"content.?filter|context.?length", text):
            is_form = refusal.param not in ("", "messages", "prompt", "input")
            return not is_form and not re.search(_FORM, text)
        return not re.search(self.unless, text)


# The first rule that matches counts. Codes of OpenAI:
# https://platform.openai.com/docs/guides/error-codes; the others as their users have reported them.
# Numbers: GLM 1112 to 1311, MiniMax 1002 to 1039, SiliconFlow 20015 to 30011, Qianfan and Spark
# below 20000.
_RULES = (
    _Rule(
        Cause.SAMPLING,
        "json_validate_failed",
        r"json_validate_failed|failed_generation|failed to (?:generate|validate|parse) json",
    ),
    _Rule(
        Cause.BALANCE,
        "insufficient_quota insufficient_balance insufficient_user_quota insufficient_credits"
        " billing_hard_limit_reached billing_not_active exceeded_current_quota_error arrearage"
        " accountoverdueerror account_overdue not_enough_balance budget_exceeded"
        " 1008 1112 1113 1309 1311 30001 30011",
        r"insufficient[ _](?:account[ _])?(?:balance|credits?|funds|quota)|not_enough_balance"
        r"|(?:credit|account|token|your) balance.{0,20}(?:too low|not enough|insufficient|exhausted"
        r"|negative)"
        r"|\b(?:no|out of|not enough|any|used all(?: available)?)\b.{0,12}\bcredits?\b(?!['\" ]*"
        r"(?:card|field|param|score))"
        r"|credits?\b.{0,20}(?:exhausted|depleted|used up|run out)|payment required"
        r"|spend(?:ing)? (?:limit|cap)|billing.?(?:hard.?limit|not.?active)|\barrears\b|overdue"
        r"|budget.{0,20}exceeded|exceeded.{0,20}budget|(?:please|kindly) (?:top.?up|recharge)"
        r"|余额.{0,4}(?:不足|耗尽|用尽|为零)|欠费|无可用资源包|资源包.{0,8}(?:用尽|用完|不足)"
        r"|额度.{0,4}(?:不足|用尽|用完)|(?:请|及时|尽快).{0,3}充值",
        statuses=range(500),
        words_at_5xx=r"insufficient balance|余额不足",
    ),
    _Rule(
        Cause.QUOTA,
        "setlimitexceeded accountquotaexceeded allocationquota.freetieronly 1304 1308 1310",
        r"per.?(?:day|week|month)\b|perday|byday|\b(?:rpd|tpd)\b|/ ?month\b|per 86400s|for day\b"
        r"|\b(?:daily|weekly|monthly)\b.{0,30}(?:limit|quota|allowance|allocation|cap\b)"
        r"|(?:limit|quota|allowance).{0,30}(?:for today|of the day|a day|daily|24.?hours?)"
        r"|today's.{0,20}quota|usage limits?\b|key limit exceeded|freetieronly"
        r"|(?:当日|每日|每天|今日|今天|当天|每周|本周|每月|本月).{0,12}(?:限额|上限|配额|额度|次数|用完|用尽)"
        r"|日限额|使用上限",
        statuses=(200, 400, 402, 403, 429),
        unless=r"(?:not|un)\s?affected|remaining",
    ),
    _Rule(
        Cause.KEY,
        "invalid_api_key mismatched_organization 1004",
        r"api.?key.{0,30}(?:not valid|invalid|incorrect|expired|revoked)|invalid access token"
        r"|(?:incorrect|invalid|expired|revoked).{0,10}(?:api.?key|token provided)|login fail"
        r"|(?:无效|错误|过期).{0,6}(?:令牌|密钥|api.?key)|(?:令牌|密钥|api.?key).{0,8}(?:无效|错误|过期)"
        r"|openai-organization header",
        statuses=range(500),
    ),
    _Rule(
        Cause.COUNTRY,
        "unsupported_country_region_territory unsupported_country",
        rf"(?:user|your) (?:country|region|territory|location).{{0,60}}(?:{_NOT})"
        rf"|(?:{_NOT}).{{0,40}}(?:in|from|for) (?:your|unsupported) (?:countr|region|territ|locat)"
        rf"|countr(?:y|ies)\b.{{0,60}}(?:{_NOT})|(?:{_NOT}).{{0,40}}countr(?:y|ies)\b"
        r"|(?:国家|地区).{0,12}(?:不支持|无法|限制)",
        statuses=(200, 400, 403, 451),
    ),
    _Rule(
        Cause.CONTENT,
        "content_filter content_policy_violation 1026 1027 1301",
        r"content.?(?:filter|policy|management|exists risk)|data_?inspection|content.{0,20}flagged"
        r"|(?:inappropriate|prohibited|unsafe|sensitive|harmful).{0,12}(?:content|text|material)"
        r"|(?:violat\w+|against).{0,40}(?:polic|guideline|safety|terms)|responsible ai|guardrail"
        r"|safety (?:system|filter|setting|reason|check)|flagged (?:as|by|for)(?! dep)"
        r"|moderation (?:sys|pol|bl)"
        r"|blocked.{0,30}(?:safety|content|prohibited)|敏感|违规|不当内容|内容安全|不安全",
        about_papers=True,
    ),
    _Rule(
        Cause.LENGTH,
        "context_length_exceeded exceed_context_size_error 1039 1261 20015",
        r"context.?(?:length|window|size)|too many (?:input |prompt )?tokens|request too large"
        r"|maximum number of tokens"
        r"|(?:input|prompt|request|message|payload|content).{0,30}too (?:long|large)|token limit"
        r"|(?:maximum|exceed\w*).{0,30}(?:prompt|input|context|sequence).{0,12}(?:length|tokens?|limit)"
        r"|maximum prompt length|range of input length|`inputs` tokens|max_seq_len"
        r"|length of prompt_tokens|(?:长度|上下文|输入).{0,8}(?:超|过长)|超.{0,8}(?:长度|上下文)",
        about_papers=True,
    ),
    _Rule(
        Cause.MODEL,
        "model_not_found model_not_exist unknown_model invalid_model deploymentnotfound"
        " model_not_available 1211",
        r"not a valid model|(?:unknown|invalid|no such) model\b(?! (?:state|group))"
        r"|no available channels?"
        r"|no models? (?:is |are )?loaded|no endpoints found for"
        r"|models?\b(?! param).{0,80}(?:not.?(?:found|exist|supported|available|valid)"
        r"|does not exist|unknown|deprecat|retired|decommission|no access|not have access)"
        r"|模型.{0,12}(?:不存在|未找到|不支持|下线|无效)|无可用渠道",
        words_at_5xx=r"no available channels?|无可用渠道",
        unless=_FORM,
    ),
    _Rule(Cause.NO_ROOM, "resource_unavailable"),
    _Rule(Cause.RATE, "1002 11202 11203"),
)
_BY_STATUS = {
    400: Cause.REQUEST,
    401: Cause.KEY,
    402: Cause.BALANCE,
    403: Cause.FORBIDDEN,
    408: Cause.TIMEOUT,
    410: Cause.MODEL,
    413: Cause.LENGTH,
    422: Cause.REQUEST,
    429: Cause.RATE,
    451: Cause.COUNTRY,
    498: Cause.SERVER,  # Groq: the flex tier is full
}


@dataclass(frozen=True)
class Refusal:
    """An error as an endpoint has sent it."""

    status: int
    message: str  # for people
    codes: frozenset[str] = frozenset()  # in lower case
    param: str = ""  # the parameter of the request that it blames
    model: str = ""  # that was asked for

    @cached_property
    def text(self) -> str:
        """The message in lower case, without the model's name, which may contain any word."""
        text, name = self.message.lower(), self.model.lower()
        if len(name) < 3 or name == "model":
            return text
        return re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", "…", text)

    @cached_property
    def cause(self) -> Cause:
        text = re.sub(r"https?://\S+?(?=#|[\s)\"',]|$)", "", self.text)[:_LONGEST_REASON]
        if self.status == 429 and "request too large" in text:
            return Cause.LENGTH  # for the tokens of a minute
        passes = _SOON.search(text) is not None and self.status in (200, 403, 429, 503)
        for rule in _RULES:
            counts = not passes if rule.cause in FINAL else self.status != 401
            if counts and self.codes.intersection(rule.codes.split()):
                return rule.cause
        if any("perday" in code or "daily" in code for code in self.codes):
            return Cause.QUOTA  # Gemini: GenerateRequestsPerDayPer…; OpenRouter: limit_source
        if passes:
            return Cause.RATE
        by_words = (rule.cause for rule in _RULES if rule.matches(self, text))
        return next(by_words, None) or self._cause_by_status(text)

    def _cause_by_status(self, text: str) -> Cause:
        if self.status == 404 and re.search(_FORM, text):
            return Cause.REQUEST
        if self.status == 404:
            return Cause.MODEL if re.search(r"model|模型", text) else Cause.ADDRESS
        if self.status in (200, 429) and "exceeded your current quota" in text:
            # OpenAI's words for an empty balance, and Gemini's for any of its quotas.
            return Cause.RATE if "resource_exhausted" in self.codes else Cause.BALANCE
        if self.status in _BY_STATUS:
            return _BY_STATUS[self.status]
        is_page = "<html" in text or "<!doctype html" in text
        is_address = 400 <= self.status < 500 or (self.status == 200 and is_page)
        return Cause.ADDRESS if is_address else Cause.SERVER

    @property
    def blames_format(self) -> bool:
        """True if it is about the way in which JSON was asked for."""
        return FORMAT.search(self.text) is not None


def read_refusal(status: int, body: bytes, model: str = "") -> Refusal:
    """The error in the body of an HTTP answer to a request for `model`. No body makes it raise."""
    text = body[:_LONGEST].decode("utf-8", "replace")
    try:
        error = _unpack(json.loads(body))
        fields = list(_fields(error))
        message = _message(error)[:_LONGEST]
    except (ValueError, RecursionError):
        return Refusal(status, text, model=model)
    codes = frozenset(
        str(value)[:_LONGEST_CODE].lower()
        for name, value in fields
        if _CODE_FIELDS.fullmatch(name) and isinstance(value, (str, int))
    )
    params = [value for name, value in fields if name == "param" and isinstance(value, str)]
    return Refusal(status, message or text, codes, params[0] if params else "", model)


def _unpack(value: Any) -> Any:
    """`value`, with strings that hold JSON decoded: gateways pass errors on like that."""
    if isinstance(value, dict):
        return {name: _unpack(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_unpack(item) for item in value]
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        with suppress(ValueError):
            return _unpack(json.loads(value))
    return value


def _fields(value: object) -> Iterator[tuple[str, object]]:
    """The names and values of all objects in `value`, at any depth."""
    if isinstance(value, dict):
        yield from value.items()
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        yield from _fields(item)


def _message(error: object) -> str:
    """The message in an error, in any of the forms that endpoints use; "" if it has none."""
    if isinstance(error, list) and error:  # Google's form
        return _message(error[0])
    if isinstance(error, dict) and (inner := error.get("error") or error.get("base_resp")):
        return _message(inner)
    if isinstance(error, str):
        return error
    if not isinstance(error, dict):
        return ""
    parts = (_message(error[name]) for name in _MESSAGE_FIELDS if name in error)
    return ", ".join(dict.fromkeys(filter(None, parts)))
