import pytest

from ledsign.errors import ConfigError
from ledsign.panel import ColorMode, load_panels


def test_the_shipped_profiles(root):
    panels = load_panels(root / "configs" / "panels.yaml")
    assert set(panels) == {
        "p10-192x96-mono", "p10-320x160-mono", "p10-256x128-dual", "p8-320x160-rgb",
        "p5-512x256-rgb", "p4.81-416x208-rgb", "hd-1920x1080-rgb",
    }  # fmt: skip
    for name, panel in panels.items():
        assert f"{panel.width}x{panel.height}-{panel.mode}" in name
    assert panels["p10-256x128-dual"].mode is ColorMode.DUAL


def test_angle_seen_from_the_viewing_distance(root):
    """16 LEDs of 10 mm from 15 m are 36.7 arc minutes (160 mm / 15 m)."""
    panel = load_panels(root / "configs" / "panels.yaml")["p10-192x96-mono"]
    assert panel.arcmin(16) == pytest.approx(36.7, abs=0.05)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("panels: {a: {width: 64, height: 32, mode: mono}}", "panel a: key 'pitch_mm' is missing"),
        ("panels: {a: {width: 64, height: 32, mode: mno, pitch_mm: 10}}", "panel a: 'mno'"),
        ("panels: {a: {width: 64, height: 32, mode: mono, pitch_mm: 10, x: 1}}", "unknown key 'x'"),
        ("panels: {a: {width: 6, height: 32, mode: mono, pitch_mm: 10}}", "out of range"),
        ("panels: [a]", "mapping"),
        ("panels: {a: 5}", "panel a"),
    ],
)
def test_faults_name_file_panel_and_key(tmp_path, text, said):
    path = tmp_path / "panels.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_panels(path)
    assert "panels.yaml" in str(caught.value)
    assert said in str(caught.value)
