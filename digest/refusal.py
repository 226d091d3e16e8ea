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
from enum import StrEnum

_REASON_AT = 500  # characters in which an error says what it is; an echo of the papers may follow
_LONGEST_CODE = 80
_WORDS = ("code", "type", "status", "param", "message", "msg", "error_msg", "detail", "reason")
_CODES = re.compile(r"(?i)(?:.*_)?code|type|status|reason|quotaId")


class Cause(StrEnum):
    """What stands behind a refusal."""

    KEY = "the key is not accepted"
    BALANCE = "there is no credit left"
    QUOTA = "the quota of a day, or longer, is used up"
    COUNTRY = "the provider does not serve this country"
    MODEL = "there is no such model"
    FORBIDDEN = "the key may not do this"
    CONTENT = "the content is not accepted"
    LENGTH = "the request is too long"
    SAMPLING = "the model did not produce the JSON that was asked for"
    NO_ROOM = "the cheap tier is full"
    RATE = "too many requests"
    TIMEOUT = "the server took too long"
    REQUEST = "the form of the request is not accepted"
    ADDRESS = "this is not the address of an API"
    SERVER = "the server has failed"


# No other request of this run would fare better, whatever was answered before.
FINAL = frozenset({Cause.KEY, Cause.BALANCE, Cause.QUOTA, Cause.COUNTRY})

# Codes are compared whole. OpenAI: https://platform.openai.com/docs/guides/error-codes; the others
# as their users have reported them: GLM 1113, 1211, 1301, 1304, SiliconFlow 30001, DashScope
# Arrearage, Moonshot exceeded_current_quota_error, one-api insufficient_user_quota.
_BY_CODE = {
    Cause.BALANCE: {
        "insufficient_quota", "insufficient_balance", "insufficient_user_quota",
        "insufficient_credits", "billing_hard_limit_reached", "billing_not_active",
        "exceeded_current_quota_error", "arrearage", "payment_required", "1113", "30001",
    },
    Cause.QUOTA: {"1304"},
    Cause.KEY: {"invalid_api_key"},
    Cause.COUNTRY: {"unsupported_country_region_territory", "unsupported_country"},
    Cause.SAMPLING: {"json_validate_failed"},
    Cause.CONTENT: {
        "content_filter", "content_policy_violation", "data_inspection_failed", "1301",
    },
    Cause.LENGTH: {"context_length_exceeded", "exceed_context_size_error"},
    Cause.MODEL: {"model_not_found", "model_not_exist", "unknown_model", "invalid_model", "1211"},
    Cause.NO_ROOM: {"resource_unavailable"},
}  # fmt: skip

_PLACE = r"(?:country|countries|region|territory|location)"
_REFUSED = (
    r"(?:not (?:supported|available|allowed|served|permitted)|unsupported|restricted|blocked)"
)
# In order: the first that is found is the cause. In lower case.
_BY_WORDS = {
    Cause.BALANCE: re.compile(
        r"insufficient[ _](?:account[ _])?(?:balance|credits?|funds|quota)"
        r"|(?:credit|account|your|token) balance.{0,20}(?:too low|not enough|exhausted|negative)"
        r"|(?:no|out of|not enough|used all (?:available )?|ran out of).{0,12}credits?\b"
        r"|credits?\b.{0,24}(?:exhausted|depleted|used up|run out|expired)"
        r"|spending limit|billing.?(?:hard.?limit|not.?active)|\barrears\b|overdue (?:payment|bill)"
        r"|payment required|(?:top.?up|recharge) your"
        r"|余额|欠费|充值|无可用资源包|资源包.{0,8}(?:用尽|用完|不足)|额度.{0,4}(?:不足|用尽|用完)"
    ),
    Cause.QUOTA: re.compile(
        r"per.?(?:day|week|month)\b|perday|\b(?:rpd|tpd)\b"
        r"|\b(?:daily|weekly|monthly)\b.{0,30}(?:limit|quota|allowance|usage)"
        r"|(?:limit|quota|allowance).{0,30}(?:for today|of the day|a day|daily|24.?hours?)"
        r"|(?:当日|每日|每天|今日|今天|当天|本周|本月).{0,12}(?:限额|上限|配额|额度|次数|用完|用尽)|日限额"
    ),
    Cause.KEY: re.compile(
        r"api.?key.{0,30}(?:not valid|invalid|incorrect|expired|revoked)"
        r"|(?:incorrect|invalid|expired|revoked).{0,10}(?:api.?key|token provided)"
        r"|(?:无效|错误|过期).{0,6}(?:令牌|密钥|api.?key)|(?:令牌|密钥|api.?key).{0,8}(?:无效|错误|过期)"
    ),
    Cause.COUNTRY: re.compile(
        rf"{_PLACE}.{{0,60}}{_REFUSED}|{_REFUSED}.{{0,40}}{_PLACE}|(?:国家|地区).{{0,12}}(?:不支持|无法|限制)"
    ),
    Cause.SAMPLING: re.compile(
        r"json_validate_failed|failed_generation|failed to (?:generate|validate|parse) json"
    ),
    Cause.LENGTH: re.compile(
        r"context.?(?:length|window|size)|too (?:long|large|many tokens)|maximum.{0,20}tokens"
        r"|(?:长度|上下文).{0,8}(?:超|过长)|(?:超|过).{0,8}(?:长度|上下文)"
    ),
    Cause.CONTENT: re.compile(
        r"content.?(?:filter|policy|management|exists risk)|data_inspection|inappropriate"
        r"|moderation|flagged|safety|prohibited.?content|sensitive|敏感|违规|不当内容|内容安全"
    ),
    Cause.MODEL: re.compile(
        r"not a valid model|(?:unknown|invalid|no such).model|no available channels?"
        r"|model.{0,80}(?:not.?(?:found|exist|supported|available|valid)|does not exist|unknown"
        r"|deprecat|retired|decommission|no access|not have access)"
        r"|模型.{0,12}(?:不存在|未找到|不支持|下线|无效)|无可用渠道"
    ),
}  # fmt: skip
# What overloaded servers say too is no proof of a wrong name.
_MODEL_OF_A_SERVER = re.compile(
    r"not a valid model|(?:unknown|invalid|no such).model|no available channels?|does not exist"
    r"|model.{0,80}(?:not.?(?:found|exist)|unknown)|不存在|未找到|无可用渠道"
)
_BY_STATUS = {
    401: Cause.KEY,
    402: Cause.BALANCE,
    403: Cause.FORBIDDEN,
    404: Cause.MODEL,
    408: Cause.TIMEOUT,
    410: Cause.MODEL,
    413: Cause.LENGTH,
    400: Cause.REQUEST,
    422: Cause.REQUEST,
    429: Cause.RATE,
}


_FORMAT = re.compile(r"response_?format|json_?(?:schema|object|mode)|structured.outputs?")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as an endpoint put it."""

    status: int
    words: str  # for people, as they came
    codes: frozenset[str] = frozenset()  # in lower case

    def cause(self, model: str = "") -> Cause:
        """What stands behind it. `model` is a name that says nothing about the cause."""
        heard = self.heard(model)[:_REASON_AT]
        for cause, codes in _BY_CODE.items():
            if codes & self.codes:
                return cause
        if any("perday" in code for code in self.codes):  # Gemini: GenerateRequestsPerDayPer…
            return Cause.QUOTA
        for cause, pattern in _BY_WORDS.items():
            if pattern.search(heard) and self._fits(cause, heard):
                return cause
        if self.status in _BY_STATUS:
            return _BY_STATUS[self.status]
        is_page = "<html" in heard or "<!doctype html" in heard
        return Cause.ADDRESS if 400 <= self.status < 500 or is_page else Cause.SERVER

    @property
    def blames_format(self) -> bool:
        """Whether it is about the way in which JSON was asked for."""
        return _FORMAT.search(self.heard()) is not None

    def heard(self, model: str = "") -> str:
        """The words in lower case, without the model's name."""
        words = self.words.lower()
        return words.replace(model.lower(), "…") if model else words

    def _fits(self, cause: Cause, heard: str) -> bool:
        """Whether words that speak of `cause` may mean it beside this status."""
        if cause is Cause.MODEL:
            is_own = self.status >= 500 or self.status in (200, 429)
            return _MODEL_OF_A_SERVER.search(heard) is not None if is_own else self.status != 401
        if cause is Cause.COUNTRY:
            return "model" not in heard  # which a cloud may lack in one of its regions
        if cause is Cause.QUOTA:
            return self.status in (200, 402, 403, 429, 503)
        if cause in (Cause.BALANCE, Cause.KEY):
            return self.status < 500 or self.status == 503
        return self.status not in (401, 402, 429)


def read_refusal(status: int, body: bytes) -> Refusal:
    """The error in the body of an HTTP answer. Nothing in a body makes it raise."""
    text = body[:10_000].decode("utf-8", "replace")
    try:
        error = json.loads(body)
    except (ValueError, RecursionError):
        return Refusal(status, text)
    codes = frozenset(code.lower() for code in _codes(error, depth=8))
    return Refusal(status, words_of(error) or text, codes)


def words_of(error: object) -> str:
    """The words in an error, in any of the forms that endpoints give it; "" where it has none."""
    for _ in range(4):
        if isinstance(error, list) and error:  # Google wraps it
            error = error[0]
        elif isinstance(error, dict) and (inner := error.get("error")):
            error = inner
    if isinstance(error, str):
        return error
    if not isinstance(error, dict):
        return ""
    found = [error[name] for name in _WORDS if name in error]
    words = [w if isinstance(w, str) else words_of(w) for w in found]
    return ", ".join(dict.fromkeys(filter(None, words)))


def _codes(error: object, depth: int) -> Iterator[str]:
    """What stands under the names of codes, however deep: for machines, so without spaces."""
    if depth and isinstance(error, list):
        for item in error[:20]:
            yield from _codes(item, depth - 1)
    elif depth and isinstance(error, dict):
        for name, value in list(error.items())[:50]:
            if _CODES.fullmatch(name) and isinstance(value, (str, int)):
                yield str(value)[:_LONGEST_CODE]
            yield from _codes(value, depth - 1)
