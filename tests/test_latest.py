import threading

from ledsign.latest import Latest


def test_newest_value_with_a_growing_version():
    latest = Latest("a")
    assert latest.get() == ("a", 0)
    assert latest.put("b") == 1
    assert latest.get() == ("b", 1)


def test_wait_returns_at_once_for_a_version_already_there_and_false_on_time_out():
    latest = Latest(1)
    assert not latest.wait(0, 0.01)
    latest.put(2)
    assert latest.wait(0, 0)


def test_put_wakes_a_waiter():
    latest = Latest(1)
    woken = []
    thread = threading.Thread(target=lambda: woken.append(latest.wait(0, 10)))
    thread.start()
    latest.put(2)
    thread.join(10)
    assert woken == [True]
