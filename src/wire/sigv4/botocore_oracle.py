"""Random requests signed by botocore, one JSON object a line: botocore_oracle.py SEED COUNT. For botocore_test.cpp."""
import json
import random
import sys
import urllib.parse

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ALPHABET = "aZ09-_.~ /+=&%$?#:;,@!*'()ä\u1234"


def text(choose, size):
    return "".join(choose.choice(ALPHABET) for _ in range(choose.randint(0, size)))


def quoted(value):
    return urllib.parse.quote(value, safe="-_.~")


def signed(choose):
    s3 = choose.random() < 0.5
    presigned = choose.random() < 0.4
    token = "token/+=" if choose.random() < 0.3 else None
    path = "/" + "/".join(quoted(text(choose, 5)) for _ in range(choose.randint(0, 3)))
    query = "&".join(quoted("k" + text(choose, 3)) + "=" + quoted(text(choose, 6)) for _ in range(choose.randint(0, 3)))
    host = "127.1.0.1:8000"
    headers = {"X-Amz-Target": "DynamoDB_20120810.ListTables"} if choose.random() < 0.5 else {}
    if choose.random() < 0.5:
        headers["X-Amz-Meta-Spaces"] = "  a   b " + quoted(text(choose, 4))
    body = "" if presigned else quoted(text(choose, 30))  # botocore takes a presigned body for more of the query
    request = AWSRequest(
        method=choose.choice(["GET", "PUT", "POST", "DELETE"]),
        url="http://" + host + path + ("?" + query if query else ""),
        headers=headers,
        data=body,
    )
    signer = {
        (False, False): SigV4Auth,
        (False, True): SigV4QueryAuth,
        (True, False): S3SigV4Auth,
        (True, True): S3SigV4QueryAuth,
    }[s3, presigned]
    credentials = Credentials("AKIAORACLE", "sec/ret+key", token)
    signer(credentials, "s3" if s3 else "dynamodb", "us-east-1").add_auth(request)
    parts = urllib.parse.urlsplit(request.url)
    return {
        "s3": s3,
        "token": token or "",
        "method": request.method,
        "target": parts.path + ("?" + parts.query if parts.query else ""),
        "headers": [[name, value] for name, value in request.headers.items()] + [["Host", host]],
        "body": body,
    }


choose = random.Random(int(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    print(json.dumps(signed(choose)))
