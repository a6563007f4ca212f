import json
import time
import urllib.error
import urllib.request
import uuid

import _snowflake
import pandas
from _snowflake import vectorized

URL = '{{url}}/v1/snowflake/functions/{{function}}'
DEADLINE_SECONDS = 600


def send(method, headers, body=None):
    """One call; None where the service asks to come again."""
    request = urllib.request.Request(URL, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())['data'] if answer.status == 200 else None
    except urllib.error.HTTPError as error:
        if error.code in (429, 502, 503, 504):
            time.sleep(min(float(error.headers.get('Retry-After') or 1), 30))
            return send_again
        raise Exception(f'Sophia refused the batch ({error.code}): {error.read().decode("utf-8", "replace")}')


send_again = object()


@vectorized(input=pandas.DataFrame, max_batch_size=4096)
def answer(frame):
    rows = [[i] + [None if value != value else value for value in row] for i, row in enumerate(frame.values.tolist())]
    headers = {
        'Content-Type': 'application/json',
        'Sophia-Integration-Secret': _snowflake.get_generic_secret_string('sophia'),
        'sf-external-function-format': 'json',
        'sf-external-function-format-version': '1.0',
        'sf-external-function-query-batch-id': str(uuid.uuid4()),
    }
    body = json.dumps({'data': rows}).encode()
    began, pause = time.monotonic(), 0.5
    result = send('POST', headers, body)
    while result is None or result is send_again:
        if time.monotonic() - began > DEADLINE_SECONDS:
            raise Exception('Sophia did not answer the batch within ten minutes.')
        if result is None:
            time.sleep(pause)
            pause = min(pause * 2, 5)
            result = send('GET', headers)
        else:
            result = send('POST', headers, body)
    return [value for _, value in result]
