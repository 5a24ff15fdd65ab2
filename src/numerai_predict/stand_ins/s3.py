"""An object store that refuses what S3 refuses: presigned GET and presigned POST, in both forms that boto3 makes."""

import hashlib
from typing import Any

from numerai_predict.stand_ins import s3_post, s3_signatures
from numerai_predict.stand_ins.s3_signatures import ACCESS_KEY, REGION, SECRET_KEY, Refused
from numerai_predict.stand_ins.server import Answer, Leg, Request, StandIn


class S3(StandIn):
    """Holds objects; `client` is boto3's own, pointed here.

    Args:
        buckets: the buckets that exist.
    """

    def __init__(self, *buckets: str) -> None:
        self.buckets = set(buckets)
        self.objects: dict[tuple[str, str], bytes] = {}
        """Bytes by bucket and key."""

        self.gets, self.posts = Leg(), Leg()

    def client(self, signature_version: str = "s3v4") -> Any:
        """Return a boto3 client; "s3" signs in the older form, which is boto3's default for a presigned POST."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name=REGION,
            config=Config(signature_version=signature_version, s3={"addressing_style": "path"}),
        )

    def leg(self, request: Request) -> Leg:
        return self.posts if request.method == "POST" else self.gets

    def answer(self, request: Request) -> Answer:
        try:
            return self._post(request) if request.method == "POST" else self._get(request)
        except Refused as refused:
            text = f"<Error><Code>{refused.code}</Code><Message>{refused.message}</Message></Error>"
            return Answer(refused.status, {"Content-Type": "application/xml"}, text.encode())

    def _get(self, request: Request) -> Answer:
        s3_signatures.check_presigned_get(request)
        bucket, _, key = request.path.removeprefix("/").partition("/")
        content = self.objects.get((bucket, key))
        if content is None:
            raise Refused(404, "NoSuchKey", "The specified key does not exist.")
        etag = f'"{hashlib.md5(content).hexdigest()}"'
        return Answer(200, {"ETag": etag, "x-amz-request-id": "0123456789ABCDEF"}, content)

    def _post(self, request: Request) -> Answer:
        bucket = request.path.strip("/")
        if bucket not in self.buckets:
            raise Refused(404, "NoSuchBucket", "The specified bucket does not exist")
        form = s3_post.parse(request)
        s3_post.check(form, bucket)
        self.objects[bucket, form.key] = form.content
        status = form.fields.get("success_action_status", "204")
        etag = f'"{hashlib.md5(form.content).hexdigest()}"'
        return Answer(int(status) if status in ("200", "201") else 204, {"ETag": etag, "x-amz-request-id": "0123"})
