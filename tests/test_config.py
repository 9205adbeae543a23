from pathlib import Path

import pytest

from ledsign.config import load_config, policy_of
from ledsign.errors import ConfigError
from ledsign.panel import ColorMode, load_panels

GOOD = """
screen: {code: "990203104205", name: 柳塘村}
keys_file: keys.json
panels:
  - profile: p10-192x96-mono
    card: {family: cp5200, url: "tcp://127.0.0.1:5200"}
"""


def config(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "ledsign.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def samples(root: Path) -> list[Path]:
    return [root / "configs" / "ledsign.yaml", *sorted((root / "configs" / "screens").glob("*.yaml"))]


def test_every_sample_is_a_valid_configuration(root):
    found = samples(root)
    assert len(found) >= 8
    for path in found:
        loaded = load_config(path)
        assert loaded.panel(loaded.panels[0]).width >= 192, path


def test_every_panel_profile_has_a_sample(root):
    used = {load_config(path).panels[0].profile for path in samples(root)}
    assert used == set(load_panels(root / "configs" / "panels.yaml"))


def test_paths_are_relative_to_their_file(tmp_path):
    assert load_config(config(tmp_path, GOOD)).keys_file == tmp_path.resolve() / "keys.json"


def test_later_pieces_win_and_sections_merge(tmp_path):
    path = config(tmp_path, GOOD)
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "10-name.yaml").write_text('screen: {name: 新名}\nlog_level: debug\n', encoding="utf-8")
    loaded = load_config(path)
    assert (loaded.screen.code, loaded.screen.name, loaded.log_level) == ("990203104205", "新名", "debug")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("keys_file", "key_file", ":3: key_file: "),
        ("name: 柳塘村", "nam: 柳塘村", "'name'"),
        ('"990203104205"', '"99020310420"', ":2: screen.code: "),
        ("p10-192x96-mono", "p10-192x96-mon", "p10-192x96-mono"),
        ("family: cp5200, ", "famly: cp5200, ", ":6: panels.0.card.famly: "),
        ("panels:", "hours: {open: '22:00', close: '21:00'}\npanels:", ":4: hours: "),
        ("panels:", "hours: {open: '08:00', close: '25:00'}\npanels:", ":4: hours.close: "),
    ],
)
def test_faults_name_file_line_and_key(tmp_path, old, new, said):
    with pytest.raises(ConfigError) as caught:
        load_config(config(tmp_path, GOOD.replace(old, new)))
    assert said in str(caught.value)


def test_all_faults_are_reported_at_once(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_config(config(tmp_path, GOOD.replace("keys_file", "kys").replace("code", "cod")))
    assert len(str(caught.value).splitlines()) == 4


def test_a_panel_of_ones_own(tmp_path):
    own = GOOD.replace("p10-192x96-mono", "{width: 128, height: 64, mode: dual, pitch_mm: 7.62}")
    loaded = load_config(config(tmp_path, own))
    panel = loaded.panel(loaded.panels[0])
    assert (panel.width, panel.mode, panel.name) == (128, ColorMode.DUAL, "main")


def test_two_panels_need_two_names(tmp_path):
    twice = GOOD + GOOD.split("panels:\n")[1]
    with pytest.raises(ConfigError, match=r"panels: "):
        load_config(config(tmp_path, twice))


def test_local_rules_chain_from_county_to_village(tmp_path):
    head = "schema: ledsign.policy-override/1\nversion: {}\nretain_floor_days: {}\n"
    for name, days in (("county", 12), ("town", 14), ("village", 13)):
        (tmp_path / f"{name}.yaml").write_text(head.format(name, days), encoding="utf-8")
    two = load_config(config(tmp_path, GOOD + "policy_override: [county.yaml, town.yaml]\n"))
    assert policy_of(two).retain_floor_days == 14
    assert policy_of(two).version.endswith("+county+town")
    one = load_config(config(tmp_path, GOOD + "policy_override: county.yaml\n"))
    assert policy_of(one).retain_floor_days == 12
    three = load_config(config(tmp_path, GOOD + "policy_override: [county.yaml, town.yaml, village.yaml]\n"))
    with pytest.raises(ConfigError, match=r"village\.yaml:3: retain_floor_days: 13 would loosen"):
        policy_of(three)
