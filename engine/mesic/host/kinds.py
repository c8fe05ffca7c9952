"""The kinds of component, in the order in which a run meets them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One kind of component.

    The same word stands in five places: ``name`` is the configuration group, ``plural`` the catalogue's
    folder, ``register_<plural>`` the hook; the protocol and the tests carry it too. ``of_run`` says whether every run
    chooses one.
    """

    name: str
    plural: str
    summary: str
    is_list: bool = False
    of_run: bool = True

    @property
    def hook(self) -> str:
        """Name of the collecting hook."""
        return f"register_{self.plural}"


KINDS = {
    kind.name: kind
    for kind in (
        Kind("source", "sources", "where the rows come from"),
        Kind("splitter", "splitters", "which rows train, validate and test"),
        Kind("auditor", "auditors", "what is asked of the data before anything is learned", is_list=True),
        Kind("sampler", "samplers", "which training rows the learner sees, with which weight"),
        Kind("transformer", "transformers", "how columns are rewritten", is_list=True),
        Kind("selector", "selectors", "which columns the learner sees", is_list=True),
        Kind("learner", "learners", "what learns"),
        Kind("calibrator", "calibrators", "what makes probabilities mean what they say"),
        Kind("baseline", "baselines", "what every model is compared with", is_list=True),
        Kind("metric", "metrics", "how good a prediction is"),
        Kind("tuner", "tuners", "how settings are searched"),
        Kind("evaluator", "evaluators", "what else is asked of the predictions", is_list=True),
        Kind("target", "targets", "what becomes of a bundle where it answers", of_run=False),
        Kind("stream", "streams", "where records come from one by one, and where their answers go", of_run=False),
        Kind("rollout", "rollouts", "which version answers, and when one has proven itself", of_run=False),
    )
}
