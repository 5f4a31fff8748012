# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small S3 client (Signature Version 4, path style), written independently of the one under test."""
import datetime
import hashlib
import hmac
import pathlib
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree

from rig.processes import free_port


class S3Server:
    """What the stores of the tests have in common; a subclass says its keys and region, and starts and stops it."""

    def __init__(self, directory, port=None):
        self.directory = pathlib.Path(directory)
        self.port = port or free_port()
        self.client = S3(self.endpoint, self.access_key, self.secret_key, self.region)

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def credentials(self):
        """Environment of a program that may write here."""
        return {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}


class S3:
    def __init__(self, endpoint, access_key, secret_key, region="default"):
        self.endpoint, self.access_key, self.secret_key, self.region = endpoint, access_key, secret_key, region

    def request(self, method, path, query=None, body=b""):
        """Body of the answer; urllib.error.HTTPError for any status of 300 and above."""
        now = datetime.datetime.now(datetime.timezone.utc)
        stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
        quoted = urllib.parse.quote(path, safe="/-_.~")
        parameters = urllib.parse.urlencode(sorted((query or {}).items()), quote_via=urllib.parse.quote, safe="-_.~")
        digest = hashlib.sha256(body).hexdigest()
        headers = {"host": urllib.parse.urlsplit(self.endpoint).netloc, "x-amz-content-sha256": digest,
                   "x-amz-date": stamp}
        names = ";".join(sorted(headers))
        canonical = "\n".join([method, quoted, parameters, *(f"{n}:{headers[n]}" for n in sorted(headers)), "", names,
                               digest])
        scope = f"{day}/{self.region}/s3/aws4_request"
        to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("AWS4" + self.secret_key).encode()
        for part in (day, self.region, "s3", "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
        headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, "
                                    f"SignedHeaders={names}, Signature={signature}")
        url = self.endpoint + quoted + ("?" + parameters if parameters else "")
        call = urllib.request.Request(url, data=body if method in ("PUT", "POST") else None, method=method,
                                      headers=headers)
        with urllib.request.urlopen(call, timeout=20) as answer:
            return answer.read()

    def create_bucket(self, bucket):
        self.request("PUT", f"/{bucket}")

    def buckets(self):
        return self._texts(self.request("GET", "/"), "Name")

    def keys(self, bucket):
        query, found = {"list-type": "2"}, []
        while True:
            listed = self.request("GET", f"/{bucket}", query)
            found += self._texts(listed, "Key")
            more = self._texts(listed, "NextContinuationToken")
            if not more:
                return sorted(found)
            query["continuation-token"] = more[0]

    @staticmethod
    def _texts(xml, name):
        return [node.text for node in ElementTree.fromstring(xml).iter() if node.tag.endswith("}" + name)]

    def get(self, bucket, key):
        return self.request("GET", f"/{bucket}/{key}")
