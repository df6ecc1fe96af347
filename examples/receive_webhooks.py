"""Receive webhooks of Callytics during development: verify each signature and print the message.

    pip install standardwebhooks
    WEBHOOK_SECRET=whsec_... python receive_webhooks.py --port 8765

On loopback only. A receiver in production must answer as fast, do its work afterwards, and store the ids that it has
seen: a message may arrive twice, and out of order after a failure.
"""

from __future__ import annotations

import argparse
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

MAX_BODY_BYTES = 1 << 20


class Receiver(BaseHTTPRequestHandler):
    webhook: Webhook
    seen: set[str]

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY_BYTES:
            self.answer(413)
            return
        body = self.rfile.read(length)
        try:
            event = self.webhook.verify(body, dict(self.headers.items()))
        except WebhookVerificationError as error:
            print(f"refused: {error}", flush=True)
            self.answer(401)
            return
        message_id = self.headers["webhook-id"]
        again = " (came before)" if message_id in self.seen else ""
        self.seen.add(message_id)
        print(f"{event['type']} {json.dumps(event['data'])}{again}", flush=True)
        self.answer(204)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """No line per request: do_POST prints the messages."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints the webhooks that arrive with a valid signature.")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--count", type=int, default=0, help="end after so many requests; 0: never")
    arguments = parser.parse_args()
    Receiver.webhook, Receiver.seen = Webhook(os.environ["WEBHOOK_SECRET"]), set()
    with ThreadingHTTPServer(("127.0.0.1", arguments.port), Receiver) as server:
        server.daemon_threads = False  # an accepted request is answered before the end
        print(f"http://127.0.0.1:{server.server_address[1]}/", flush=True)
        if not arguments.count:
            server.serve_forever()
        for _ in range(arguments.count):
            server.handle_request()


if __name__ == "__main__":
    main()
