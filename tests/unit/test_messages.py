import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerai_predict.sandbox import messages
from numerai_predict.sandbox.messages import BrokenMessage, Decoder, MessageTooLarge

EXAMPLES = [
    messages.Confine(60_123, {"RLIMIT_CORE": 0}, 7, False, "/tmp/run/closed", b"\x06\x00"),
    messages.Confined(),
    messages.Round(),
    messages.Load("model.pkl.gz"),
    messages.Predict(),
    messages.Ready("3.12.1", {"pandas": "3.1.1"}),
    messages.RoundRead(2, ["era", "feature_it's"], "id", b"n1\nn2"),
    messages.Loaded("a function", True, False, "predict(live_features)", 1),
    messages.Returned("DataFrame", "a DataFrame", 0, b"id,prediction\n"),
    messages.Raised("loading", "ValueError", "ValueError: \ud800", "Traceback", {}),
    messages.Exited("predicting", "0"),
]


def frame(fields: object, payload: bytes = b"") -> bytes:
    text = json.dumps(fields).encode()
    return struct.pack(">IQ", len(text), len(payload)) + text + payload


def decode(data: bytes, limit: int = 1000):
    decoder = Decoder(limit)
    decoder.feed(data)
    return decoder.next()


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_every_message_survives_the_wire(message):
    """Each type of message comes out as it went in, also when its bytes arrive one by one."""
    decoder = Decoder(payload_limit=1000)
    for byte in messages.encode(message):
        assert decoder.next() is None
        decoder.feed(bytes([byte]))

    assert decoder.next() == message
    assert not decoder.holds_bytes()


def test_examples_are_complete():
    """No type of message is left out above."""
    assert {type(example).__name__ for example in EXAMPLES} == set(messages._TYPES)


def test_an_announcement_is_enough_to_refuse():
    """A frame that announces more than its limit is refused before its bytes are taken; so is rubbish."""
    with pytest.raises(MessageTooLarge):
        Decoder(payload_limit=10).feed(struct.pack(">IQ", 5, 11))
    with pytest.raises(BrokenMessage, match="no message"):
        Decoder(payload_limit=10).feed(struct.pack(">IQ", messages.FIELDS_LIMIT + 1, 0))


def test_a_flood_of_small_messages_is_refused():
    """What nobody takes is not kept without end."""
    decoder = Decoder(payload_limit=10)
    message = messages.encode(messages.Exited("predicting", "0"))
    for _ in range(messages.FIELDS_LIMIT // len(message)):
        decoder.feed(message)

    with pytest.raises(MessageTooLarge):
        decoder.feed(message * 2)


@pytest.mark.parametrize(
    "fields",
    [
        [],
        {},
        {"message": "Unknown"},
        {"message": ["Exited"]},
        {"message": "Exited"},
        {"message": "Exited", "doing": "x", "status": "0", "more": 1},
        {"message": "Exited", "doing": "x", "status": 0},
        {"message": "Ready", "python": "3", "libraries": {"pandas": 3}},
        {"message": "RoundRead", "rows": True, "columns": [], "index_name": "id"},
        {"message": "RoundRead", "rows": 1, "columns": [1], "index_name": "id"},
    ],
    ids=str,
)
def test_wrong_fields_are_refused(fields):
    """An unknown message, a missing or surplus field, and a value of another type are each refused."""
    with pytest.raises(BrokenMessage):
        decode(frame(fields))


def test_a_payload_where_none_belongs_is_refused():
    """A message without bytes cannot smuggle some."""
    with pytest.raises(BrokenMessage):
        decode(frame({"message": "Exited", "doing": "x", "status": "0"}, b"payload"))


@given(st.binary(max_size=200))
def test_any_bytes_give_a_message_or_a_refusal(data):
    """Whatever a hostile worker sends, the decoder raises nothing but its own refusals."""
    try:
        decode(data)
        decode(struct.pack(">IQ", len(data), 0) + data)
    except BrokenMessage:
        pass
