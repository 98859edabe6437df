"""What tests, benchmarks and scripts share: an engine with a known answer, the editor driven on a
headless terminal, and programs in a real one. Nothing here needs a model or pytest.

spot_engine   an engine whose picture is one bright spot, and models to go with it
pilot         the editor on a headless terminal, with a session on that engine
spot_editor   the editor on that engine as a program
pane          any program in a tmux pane of its own
waiting       waiting by condition
"""
