"""Why an endpoint gives no answer: its own words, and the cause behind them. Pure.

Providers agree on little. The same HTTP status means different things, and an error may even come
with HTTP 200. So the cause follows the words and codes first, and the status after them. The words
are as they came: `Endpoint` makes them safe to show.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

_REASON_AT = 500  # characters in which an error says what it is; an echo of the papers may follow
_LONGEST = 20_000  # characters of words that are kept
_LONGEST_CODE = 80
_WORDS = ("code", "type", "status", "param", "message", "msg", "error_msg", "status_msg", "detail",
          "reason", "raw", "metadata")  # fmt: skip
_CODES = re.compile(r"(?i)(?:.*_)?code|type|status|reason|quotaId|limit_source")


class Cause(Enum):
    """What stands behind a refusal."""

    KEY = auto()
    BALANCE = auto()  # no credit left
    QUOTA = auto()  # of a day, or longer
    COUNTRY = auto()  # in which the provider serves nobody
    MODEL = auto()
    FORBIDDEN = auto()
    CONTENT = auto()  # what the papers say
    LENGTH = auto()
    SAMPLING = auto()  # the model did not produce the JSON that was asked for
    NO_ROOM = auto()  # at the cheap tier
    RATE = auto()
    TIMEOUT = auto()
    REQUEST = auto()  # its form
    ADDRESS = auto()  # it is none of an API
    SERVER = auto()


# No other request of this run would fare better, whatever was answered before.
FINAL = frozenset({Cause.KEY, Cause.BALANCE, Cause.QUOTA, Cause.COUNTRY})

# Codes are compared whole. OpenAI: https://platform.openai.com/docs/guides/error-codes; the others
# as their users have reported them. Numbers: GLM 1112 to 1311, MiniMax 1002 to 1039, SiliconFlow
# 20015 to 30011, Qianfan and Spark below 20000.
_BY_CODE = {
    Cause.BALANCE: {
        "insufficient_quota", "insufficient_balance", "insufficient_user_quota", "30001", "30011",
        "insufficient_credits", "billing_hard_limit_reached", "billing_not_active", "1008", "1113",
        "exceeded_current_quota_error", "arrearage", "accountoverdueerror", "account_overdue",
        "not_enough_balance", "budget_exceeded", "1112", "1309", "1311",
    },
    Cause.QUOTA: {
        "1304", "1308", "1310", "setlimitexceeded", "accountquotaexceeded",
        "allocationquota.freetieronly",
    },
    Cause.KEY: {"invalid_api_key", "mismatched_organization", "1004"},
    Cause.COUNTRY: {"unsupported_country_region_territory", "unsupported_country"},
    Cause.SAMPLING: {"json_validate_failed"},
    Cause.CONTENT: {"content_filter", "content_policy_violation", "1301", "1026", "1027"},
    Cause.LENGTH: {
        "context_length_exceeded", "exceed_context_size_error", "1261", "1039", "20015",
    },
    Cause.MODEL: {"model_not_found", "model_not_exist", "unknown_model", "invalid_model", "1211",
        "deploymentnotfound", "model_not_available",
    },
    Cause.NO_ROOM: {"resource_unavailable"},
    Cause.RATE: {"1002", "11202", "11203"},
}  # fmt: skip

# A limit of a minute passes, whatever else is said beside it.
_SOON = re.compile(
    r"per.?(?:minute|min\b|second)|/ ?min\b|\b(?:rpm|tpm|qps)\b|1 minute|#token-limit"
    r"|每分钟|每秒|频率|速率|频繁|并发|qps limit"
)
_NOT = (
    r"not.{0,20}(?:available|supported|allowed|served|permitted)|unsupported|restrict|block|banned"
)
_BY_WORDS = {
    Cause.SAMPLING: re.compile(
        r"json_validate_failed|failed_generation|failed to (?:generate|validate|parse) json"
    ),
    Cause.BALANCE: re.compile(
        r"insufficient[ _](?:account[ _])?(?:balance|credits?|funds|quota)|not_enough_balance"
        r"|(?:credit|account|token|your) balance.{0,20}(?:too low|not enough|insufficient|exhausted"
        r"|negative)"
        r"|\b(?:no|out of|not enough|any|used all(?: available)?)\b.{0,12}\bcredits?\b(?!['\" ]*"
        r"(?:card|field|param|score))"
        r"|credits?\b.{0,20}(?:exhausted|depleted|used up|run out)|payment required"
        r"|spend(?:ing)? (?:limit|cap)|billing.?(?:hard.?limit|not.?active)|\barrears\b|overdue"
        r"|budget.{0,20}exceeded|exceeded.{0,20}budget|(?:please|kindly) (?:top.?up|recharge)"
        r"|余额.{0,4}(?:不足|耗尽|用尽|为零)|欠费|无可用资源包|资源包.{0,8}(?:用尽|用完|不足)"
        r"|额度.{0,4}(?:不足|用尽|用完)|(?:请|及时|尽快).{0,3}充值"
    ),
    Cause.QUOTA: re.compile(
        r"per.?(?:day|week|month)\b|perday|byday|\b(?:rpd|tpd)\b|/ ?month\b|per 86400s|for day\b"
        r"|\b(?:daily|weekly|monthly)\b.{0,30}(?:limit|quota|allowance|allocation|cap\b)"
        r"|(?:limit|quota|allowance).{0,30}(?:for today|of the day|a day|daily|24.?hours?)"
        r"|today's.{0,20}quota|usage limits?\b|key limit exceeded|freetieronly"
        r"|(?:当日|每日|每天|今日|今天|当天|每周|本周|每月|本月).{0,12}(?:限额|上限|配额|额度|次数|用完|用尽)"
        r"|日限额|使用上限"
    ),
    Cause.KEY: re.compile(
        r"api.?key.{0,30}(?:not valid|invalid|incorrect|expired|revoked)|invalid access token"
        r"|(?:incorrect|invalid|expired|revoked).{0,10}(?:api.?key|token provided)|login fail"
        r"|(?:无效|错误|过期).{0,6}(?:令牌|密钥|api.?key)|(?:令牌|密钥|api.?key).{0,8}(?:无效|错误|过期)"
        r"|openai-organization header"
    ),
    Cause.COUNTRY: re.compile(
        rf"(?:user|your) (?:country|region|territory|location).{{0,60}}(?:{_NOT})"
        rf"|(?:{_NOT}).{{0,40}}(?:in|from|for) (?:your|unsupported) (?:countr|region|territ|locat)"
        rf"|countr(?:y|ies)\b.{{0,60}}(?:{_NOT})|(?:{_NOT}).{{0,40}}countr(?:y|ies)\b"
        r"|(?:国家|地区).{0,12}(?:不支持|无法|限制)"
    ),
    Cause.CONTENT: re.compile(
        r"content.?(?:filter|policy|management|exists risk)|data_?inspection|content.{0,20}flagged"
        r"|(?:inappropriate|prohibited|unsafe|sensitive|harmful).{0,12}(?:content|text|material)"
        r"|(?:violat\w+|against).{0,40}(?:polic|guideline|safety|terms)|responsible ai|guardrail"
        r"|safety (?:system|filter|setting|reason|check)|flagged (?:as|by|for)(?! dep)"
        r"|moderation (?:sys|pol|bl)"
        r"|blocked.{0,30}(?:safety|content|prohibited)|敏感|违规|不当内容|内容安全|不安全"
    ),
    Cause.LENGTH: re.compile(
        r"context.?(?:length|window|size)|too many (?:input |prompt )?tokens|request too large"
        r"|maximum number of tokens"
        r"|(?:input|prompt|request|message|payload|content).{0,30}too (?:long|large)|token limit"
        r"|(?:maximum|exceed\w*).{0,30}(?:prompt|input|context|sequence).{0,12}(?:length|tokens?|limit)"
        r"|maximum prompt length|range of input length|`inputs` tokens|max_seq_len"
        r"|length of prompt_tokens|(?:长度|上下文|输入).{0,8}(?:超|过长)|超.{0,8}(?:长度|上下文)"
    ),
    Cause.MODEL: re.compile(
        r"not a valid model|(?:unknown|invalid|no such) model\b(?! (?:state|group))"
        r"|no available channels?"
        r"|no models? (?:is |are )?loaded|no endpoints found for"
        r"|models?\b(?! param).{0,80}(?:not.?(?:found|exist|supported|available|valid)"
        r"|does not exist|unknown|deprecat|retired|decommission|no access|not have access)"
        r"|模型.{0,12}(?:不存在|未找到|不支持|下线|无效)|无可用渠道"
    ),
}  # fmt: skip
_BY_STATUS = {
    400: Cause.REQUEST,
    401: Cause.KEY,
    402: Cause.BALANCE,
    403: Cause.FORBIDDEN,
    408: Cause.TIMEOUT,
    413: Cause.LENGTH,
    422: Cause.REQUEST,
    429: Cause.RATE,
    451: Cause.COUNTRY,
    498: Cause.SERVER,  # Groq: the flex tier is full
}
_FORMAT = re.compile(r"response_?format|json_?(?:schema|object|mode)|structured.outputs?")
# Parts of a request that are neither the papers nor the model.
_FORM = re.compile(
    rf"{_FORMAT.pattern}|\b(?:prompt_cache_key|reasoning_effort|service_tier|safety_identifier"
    r"|max_(?:completion_)?tokens|temperature|requested parameters|support the provided)\b"
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as an endpoint put it."""

    status: int
    words: str  # for people, as they came
    codes: frozenset[str] = frozenset()  # in lower case
    param: str = ""  # of the request, which it blames

    def cause(self, model: str = "") -> Cause:
        """What stands behind it. `model` is a name that says nothing about the cause."""
        heard = re.sub(r"https?://\S+?(?=#|[\s)\"',]|$)", "", self.heard(model))[:_REASON_AT]
        if self.status == 429 and "request too large" in heard:
            return Cause.LENGTH  # for what a minute may have
        passes = _SOON.search(heard) is not None and self.status in (200, 403, 429, 503)
        for cause, codes in _BY_CODE.items():
            is_own = self.status != 401 or cause in FINAL
            if codes & self.codes and is_own and not (passes and cause in FINAL):
                return cause
        if any("perday" in code or "daily" in code for code in self.codes):
            return Cause.QUOTA  # Gemini: GenerateRequestsPerDayPer…; OpenRouter: limit_source
        if passes:
            return Cause.RATE
        for cause, pattern in _BY_WORDS.items():
            if pattern.search(heard) and self._fits(cause, heard):
                return cause
        return self._by_status(heard)

    def _by_status(self, heard: str) -> Cause:
        if self.status == 404 and _FORM.search(heard):
            return Cause.REQUEST
        if self.status == 404:
            return Cause.MODEL if re.search(r"model|模型", heard) else Cause.ADDRESS
        if self.status == 410:
            return Cause.MODEL
        if self.status in (200, 429) and "exceeded your current quota" in heard:
            # OpenAI's words for an empty balance, and Gemini's for any of its quotas.
            return Cause.RATE if "resource_exhausted" in self.codes else Cause.BALANCE
        if self.status in _BY_STATUS:
            return _BY_STATUS[self.status]
        is_page = "<html" in heard or "<!doctype html" in heard
        is_address = 400 <= self.status < 500 or (self.status == 200 and is_page)
        return Cause.ADDRESS if is_address else Cause.SERVER

    @property
    def blames_format(self) -> bool:
        """Whether it is about the way in which JSON was asked for."""
        return _FORMAT.search(self.heard()) is not None

    def heard(self, model: str = "") -> str:
        """The words in lower case, without the model's name."""
        words = self.words.lower()
        if len(model) < 3 or model.lower() == "model":
            return words
        return re.sub(rf"(?<![\w-]){re.escape(model.lower())}(?![\w-])", "…", words)

    def _fits(self, cause: Cause, heard: str) -> bool:
        """Whether words that speak of `cause` may mean it beside this status."""
        if cause is Cause.BALANCE:
            return (
                self.status < 500 or re.search(r"insufficient balance|余额不足", heard) is not None
            )
        if cause is Cause.QUOTA:
            is_status = self.status in (200, 400, 402, 403, 429)
            return is_status and not re.search(r"(?:not|un)\s?affected|remaining", heard)
        if cause is Cause.KEY:
            return self.status < 500
        if cause is Cause.COUNTRY:
            return self.status in (200, 400, 403, 451)
        if cause is Cause.MODEL:
            if self.status >= 500:  # overloaded servers say that they do not find a model, too
                return re.search(r"no available channels?|无可用渠道", heard) is not None
            return self.status not in (401, 402, 429) and not _FORM.search(heard)
        if cause in (Cause.CONTENT, Cause.LENGTH):
            is_form = self.param not in ("", "messages", "prompt", "input") or _FORM.search(heard)
            is_own = re.search(r"content.?filter|context.?length", heard)
            return self.status not in (401, 402, 429) and not (is_form and not is_own)
        return self.status not in (401, 402, 429)


def read_refusal(status: int, body: bytes) -> Refusal:
    """The error in the body of an HTTP answer. Nothing in a body makes it raise."""
    text = body[:_LONGEST].decode("utf-8", "replace")
    try:
        error = _unpacked(json.loads(body), depth=16)
    except (ValueError, RecursionError):
        return Refusal(status, text)
    codes = frozenset(code.lower() for code in _codes(error, depth=16))
    inner = error[0] if isinstance(error, list) and error else error
    inner = inner.get("error", inner) if isinstance(inner, dict) else inner
    param = inner.get("param") if isinstance(inner, dict) else None
    words = words_of(error)[:_LONGEST] or text
    return Refusal(status, words, codes, param if isinstance(param, str) else "")


def _unpacked(value: Any, depth: int) -> Any:
    """`value` with each text in it that is JSON read, too: gateways pass on errors like that."""
    if depth and isinstance(value, dict):
        return {k: _unpacked(v, depth - 1) for k, v in list(value.items())[:50]}
    if depth and isinstance(value, list):
        return [_unpacked(item, depth - 1) for item in value[:20]]
    if depth and isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return _unpacked(json.loads(value), depth - 1)
        except (ValueError, RecursionError):
            return value
    return value


def words_of(error: object) -> str:
    """The words in an error, in any of the forms that endpoints give it; "" where it has none."""
    if isinstance(error, list) and error:  # Google wraps it
        return words_of(error[0])
    if isinstance(error, dict) and (inner := error.get("error") or error.get("base_resp")):
        return words_of(inner)
    if isinstance(error, str):
        return error
    if not isinstance(error, dict):
        return ""
    parts = (words_of(error[name]) for name in _WORDS if name in error)
    return ", ".join(dict.fromkeys(filter(None, parts)))


def _codes(error: object, depth: int) -> Iterator[str]:
    """What stands under the names of codes, however deep."""
    if depth and isinstance(error, list):
        for item in error:
            yield from _codes(item, depth - 1)
    elif depth and isinstance(error, dict):
        for name, value in error.items():
            if _CODES.fullmatch(name) and isinstance(value, (str, int)):
                yield str(value)[:_LONGEST_CODE]
            yield from _codes(value, depth - 1)
