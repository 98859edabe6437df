"""What is seen: the editor, and in `watch` a training run.

launch      starts and ends the editor; app is the editor, program what it shares with watch
screen      joins the parts of the editor's screen
editor      the session under a person's hands: every change
keys        one row a key; palette offers them by name
prompts     what is asked, and what is done with the answer; dialogs are the boxes themselves
panels      a snapshot on the widgets; words, scene, view and layout say what and where
pacing      how often
terminal    half blocks, sixel and kitty, without Textual
"""
