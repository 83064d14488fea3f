import logging

from osc_bridge.sparse import SparseLog


def test_a_flood_becomes_a_line_a_second(caplog):
    now = [0.0]
    sparse = SparseLog(logging.getLogger("test"), lambda: now[0])
    for number in range(100):
        sparse.warning("dropped %d", number)
    assert caplog.messages == ["dropped 0"]
    now[0] = 1.0
    sparse.warning("dropped %d", 100)
    assert caplog.messages[1:] == ["dropped 100 (and 99 more like it)"]
    now[0] = 2.5
    sparse.warning("dropped %s", "again")
    assert caplog.messages[2:] == ["dropped again"]
