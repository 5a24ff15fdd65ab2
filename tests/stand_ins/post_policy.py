"""The policy of a form: when it ends, what each field must be, and how large the file may be."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from stand_ins.s3_error import S3Error, access_denied

EXEMPT = {"x-amz-signature", "signature", "awsaccesskeyid", "file", "policy", "bucket"}
"""Fields that no condition has to name; `bucket` is where the form was sent."""


def check_policy(encoded: str, values: Mapping[str, str], size: int, now: float) -> None:
    """Refuse what the policy does not allow.

    The values are those of the fields, under names in lower case, and `bucket`.
    """
    expiration, conditions = _decode(encoded)
    if now >= expiration:
        raise _not_allowed("Policy expired.")
    covered = set(EXEMPT)
    for kind, name, value in conditions:
        if kind == "content-length-range":
            _check_size(size, int(name), int(value))
        elif not _holds(kind, values.get(name[1:].lower()), value, name):
            raise _not_allowed(f"Policy Condition failed: {json.dumps([kind, name, value])}")
        else:
            covered.add(name[1:].lower())
    extra = [name for name in values if name not in covered and not name.startswith("x-ignore-")]
    if extra:
        raise _not_allowed(f"Extra input fields: {', '.join(extra)}")


def _holds(kind: str, given: str | None, value: str, name: str) -> bool:
    if given is None:
        return False
    if kind == "eq":
        return given == value
    parts = given.split(",") if name.lower() == "$content-type" else [given]
    return all(part.strip().startswith(value) for part in parts)


def _check_size(size: int, smallest: int, largest: int) -> None:
    if size > largest:
        details = {"ProposedSize": size, "MaxSizeAllowed": largest}
        raise S3Error(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", details)
    if size < smallest:
        details = {"ProposedSize": size, "MinSizeAllowed": smallest}
        raise S3Error(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", details)


def _decode(encoded: str) -> tuple[float, list[Any]]:
    """The moment of expiry, and the conditions as triples."""
    try:
        policy = json.loads(base64.b64decode(encoded, validate=True))
    except ValueError:
        raise _invalid("Invalid JSON.") from None
    for name in ("expiration", "conditions"):
        if not isinstance(policy, dict) or name not in policy:
            raise _invalid(f"Policy missing {name}.")
    try:
        expiration = datetime.fromisoformat(policy["expiration"].replace("Z", "+00:00")).timestamp()
    except ValueError:
        raise _invalid(f"Invalid 'expiration' value: '{policy['expiration']}'") from None
    return expiration, [_triple(condition) for condition in policy["conditions"]]


def _triple(condition: Any) -> list[Any]:
    if isinstance(condition, dict):
        if len(condition) != 1:
            raise _invalid("Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.")
        [(name, value)] = condition.items()
        return ["eq", f"${name}", value]
    if isinstance(condition, list) and len(condition) == 3:
        if condition[0] == "content-length-range":
            return condition
        if condition[0] in ("eq", "starts-with") and all(isinstance(part, str) for part in condition):
            return condition
    raise _invalid(f"Invalid Condition: {json.dumps(condition)}")


def _not_allowed(reason: str) -> S3Error:
    return access_denied(f"Invalid according to Policy: {reason}")


def _invalid(reason: str) -> S3Error:
    return S3Error(400, "InvalidPolicyDocument", f"Invalid Policy: {reason}")
