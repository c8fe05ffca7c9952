"""A healthy target, and bugs as targets have them, each named for what is wrong."""

import json
import sys
from dataclasses import replace
from pathlib import Path

from mesic import Built, ProcessDoor
from mesic_plugins.targets.static import Static

COUNTED = []


class Healthy:
    """One file of Python, by the built-in target."""

    def __init__(self):
        self.inner = Static(forms=["python"])

    def build(self, bundle, folder, release):
        return self.inner.build(bundle, folder, release)

    def doors(self, folder):
        return self.inner.doors(folder)


class Edited(Healthy):
    """Healthy, but for an edit of its file."""

    def build(self, bundle, folder, release):
        built = super().build(bundle, folder, release)
        path = folder / "model.py"
        path.write_text(self.edited(path.read_text()))
        return built


class RoundsItsScores(Edited):
    def edited(self, text):
        return text.replace('("p_" + label, score)', '("p_" + label, round(score, 6))').replace(
            '{"prediction": scores[0]}', '{"prediction": round(scores[0], 3)}'
        )


class ReadsColumnsByPlace(Edited):
    def edited(self, text):
        return text.replace(
            "        numbers, texts = [], []\n",
            "        numbers, texts = [], []\n        row = dict(zip((c.name for c in self.inputs), row.values()))\n",
        )


class AnswersWithoutAColumn(Edited):
    def edited(self, text):
        return text.replace(
            "            if column.name not in row:\n",
            "            row = {column.name: None, **row}\n            if False:\n",
        )


class TakesUnseenLevelsForTheFirst(Edited):
    def edited(self, text):
        return text.replace("levels.get(text, BLANK)", "levels.get(text, 0.0)")


class LosesTheLastRow(Healthy):
    def doors(self, folder):
        inner = super().doors(folder)["python"]

        class Door:
            tolerance = inner.tolerance

            def ask(self, rows):
                return [*ProcessDoor(inner.command).ask(rows[:-1]), {"prediction": None}]

        return {"python": Door()}


class CountsItsBuilds(Edited):
    def edited(self, text):
        COUNTED.append(1)
        return f"{text}# build {len(COUNTED)}\n"


class WritesWhereItIs(Edited):
    def build(self, bundle, folder, release):
        built = super().build(bundle, folder, release)
        (folder / "place.txt").write_text(str(folder))
        return built

    def edited(self, text):
        return text


class LeavesFilesBeside(Healthy):
    def build(self, bundle, folder, release):
        Path(folder.parent, "temporary").write_text("left")
        return super().build(bundle, folder, release)


class WritesIntoTheBundle(Healthy):
    def build(self, bundle, folder, release):
        (bundle.folder / "deployed.json").write_text(json.dumps(release.version))
        return super().build(bundle, folder, release)


class ForgetsTheLastDay(Healthy):
    def build(self, bundle, folder, release):
        return super().build(bundle, folder, replace(release, expires=None))


class LeavesStepsOut(Healthy):
    def build(self, bundle, folder, release):
        steps = tuple(step for step in bundle.fitted.steps if step.op != "step_that_nobody_knows")
        return super().build(replace(bundle, fitted=replace(bundle.fitted, steps=steps)), folder, release)


class SaysNothing(Healthy):
    def build(self, bundle, folder, release):
        super().build(bundle, folder, release)
        return Built()


class AnswersTheSameOfEveryBundle(Healthy):
    def build(self, bundle, folder, release):
        (folder / "model.py").write_text("import sys\nfor line in sys.stdin: print('{\"prediction\": 1.0}')\n")
        return Built(["Python"])

    def doors(self, folder):
        return {"python": ProcessDoor([sys.executable, str(folder / "model.py")])}


class HasNoDoor(Healthy):
    def doors(self, folder):
        return {}
