# Two commands are enough: `make demo` and `make test`. Everything is set up in .venv on the first call.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test check bench golden kill soak mutate noise fuzz demo-cards qr messages clean

demo: $(READY)
	$(BIN)/ledsign demo --seconds 60 --pace 0.25 --panel p10-320x160-mono --out demo-out

test: $(READY)
	$(BIN)/pytest -q

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)
	$(BIN)/python tools/bench_render.py
	$(BIN)/python tools/bench_playlist.py
	$(BIN)/python tools/bench_ledger.py
	$(BIN)/python tools/bench_link.py --pty

golden: $(READY)
	$(BIN)/pytest -q --update-golden tests/render

kill: $(READY)
	$(BIN)/pytest -q -s tests/test_kill.py --kills 50 --timeout 1500

soak: $(READY)
	$(BIN)/python tools/soak.py --days 10000 --jobs 2

mutate: $(READY)
	$(BIN)/python tools/mutate.py --jobs 2

noise: $(READY)
	$(BIN)/python tools/noise.py

fuzz: $(READY)
	$(BIN)/python tools/fuzz.py

demo-cards: $(READY)
	$(BIN)/python tools/demo_cards.py

qr: $(READY)
	$(BIN)/python tools/qr_camera.py configs/samples

messages: $(READY)
	$(BIN)/python tools/messages.py

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[town,mqtt,witness,dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist demo-out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
