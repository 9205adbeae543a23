import subprocess
import sys

from ledsign.i18n import language


def test_every_message_is_translated_and_compiled(root):
    done = subprocess.run(
        [sys.executable, str(root / "tools" / "messages.py"), "--check"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_chinese_unless_another_language_is_asked_for_by_name():
    assert language({}) == "zh_CN"
    assert language({"LANG": "C.UTF-8"}) == "zh_CN"
    assert language({"LANG": "de_DE.UTF-8"}) == "de_DE"
    assert language({"LANG": "de_DE.UTF-8", "LEDSIGN_LANG": "en"}) == "en"
