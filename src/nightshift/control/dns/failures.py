"""Errors of boto3 in words that a person can act on: what was not allowed, and where to mend it."""

from collections.abc import Iterator
from contextlib import contextmanager

from nightshift.control.dns.base import DnsError

_BAD_CREDENTIALS = {
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "ExpiredToken",
}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
_THROTTLED = {"Throttling", "ThrottlingException", "PriorRequestNotComplete", "TooManyRequestsException"}
_CREDENTIALS = "run `aws configure`, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"


@contextmanager
def told_plainly(what: str) -> Iterator[None]:
    """Turn errors of boto3 into `DnsError`. `what` completes 'cannot'."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        details = error.response.get("Error", {})
        said = _of_code(str(details.get("Code", "")), error.operation_name, str(details.get("Message", "")))
        raise DnsError(f"cannot {what}: {said}") from error
    except BotoCoreError as error:
        raise DnsError(f"cannot {what}: {_of_client(error)}") from error


def _of_code(code: str, operation: str, message: str) -> str:
    if code in _DENIED:
        return (
            f"these AWS credentials may not do route53:{operation}; allow it to their user or role "
            "(docs/how-to/aws.md has the policy)"
        )
    if code in _BAD_CREDENTIALS:
        return f"AWS does not accept these credentials ({code}); {_CREDENTIALS}"
    if code in _THROTTLED:
        return (
            f"Route53 asks for fewer calls ({code}) and kept to it through all repetitions; try again later"
        )
    if code == "TooManyHealthChecks":
        return "the account has as many health checks as it may; delete some, or ask AWS for a larger quota"
    return f"{code}: {message}"


def _of_client(error: Exception) -> str:
    if "Credential" in type(error).__name__:
        return f"no usable AWS credentials ({error}); {_CREDENTIALS}"
    if type(error).__name__ == "ProfileNotFound":
        return f"{error}; set AWS_PROFILE to one that `aws configure list-profiles` shows"
    return str(error)
