"""Metrics: how good predictions are."""

from collections.abc import Iterable
from typing import Literal

from mesic import CLASSES, Component, hookimpl
from mesic_plugins.metrics import options

HOME = "mesic_plugins.metrics"
BINARY: tuple[Literal["binary"], ...] = ("binary",)
NUMBERS: tuple[Literal["regression"], ...] = ("regression",)


@hookimpl
def register_metrics() -> Iterable[Component]:
    """Offer the built-in metrics."""
    return (*_of_labels(), *_of_probabilities(), *_of_rankings(), *_of_numbers())


def _of_labels() -> tuple[Component, ...]:
    averaged = options.Averaged
    return (
        Component("accuracy", f"{HOME}.accuracy:Accuracy", "share of right answers", tasks=CLASSES),
        Component(
            "balanced_accuracy",
            f"{HOME}.balanced_accuracy:BalancedAccuracy",
            "mean recall of classes",
            tasks=CLASSES,
        ),
        Component(
            "worst_class_recall",
            f"{HOME}.worst_class_recall:WorstClassRecall",
            "accuracy of the class that fares worst",
            tasks=CLASSES,
        ),
        Component("precision", f"{HOME}.precision:Precision", "how often an answer is right", averaged, CLASSES),
        Component("recall", f"{HOME}.recall:Recall", "how much of a class is found", averaged, CLASSES),
        Component("f1", f"{HOME}.f1:F1", "harmonic mean of precision and recall", averaged, CLASSES),
        Component("f_beta", f"{HOME}.f_beta:FBeta", "recall counts beta times", options.FBetaOptions, CLASSES),
        Component("kappa", f"{HOME}.kappa:Kappa", "agreement beyond chance", options.KappaOptions, CLASSES),
        Component("mcc", f"{HOME}.mcc:Mcc", "correlation of classes and answers", tasks=CLASSES),
        Component(
            "expected_cost",
            f"{HOME}.expected_cost:ExpectedCost",
            "what mistakes cost",
            options.ExpectedCostOptions,
            CLASSES,
        ),
    )


def _of_probabilities() -> tuple[Component, ...]:
    return (
        Component("log_loss", f"{HOME}.log_loss:LogLoss", "how surprising the outcomes are", tasks=CLASSES),
        Component("brier", f"{HOME}.brier:Brier", "squared distance from outcomes", tasks=CLASSES),
        Component("roc_auc", f"{HOME}.roc_auc:RocAuc", "share of pairs in the right order", tasks=CLASSES),
        Component(
            "average_precision",
            f"{HOME}.average_precision:AveragePrecision",
            "area under the precision-recall curve",
            tasks=CLASSES,
        ),
        Component(
            "calibration_error",
            f"{HOME}.calibration_error:CalibrationError",
            "stated against seen shares",
            options.CalibrationErrorOptions,
            CLASSES,
        ),
    )


def _of_rankings() -> tuple[Component, ...]:
    return (
        Component(
            "precision_at_k",
            f"{HOME}.precision_at_k:PrecisionAtK",
            "how many of the first k are right; groups are queries",
            options.PrecisionAtKOptions,
            BINARY,
        ),
        Component(
            "map",
            f"{HOME}.map:MeanAveragePrecision",
            "mean average precision; groups are queries",
            tasks=BINARY,
        ),
        Component(
            "ndcg",
            f"{HOME}.ndcg:Ndcg",
            "gain that stands first; groups are queries",
            options.NdcgOptions,
            (*BINARY, *NUMBERS),
        ),
    )


def _of_numbers() -> tuple[Component, ...]:
    return (
        Component("mse", f"{HOME}.mse:Mse", "mean squared error", tasks=NUMBERS),
        Component("rmse", f"{HOME}.rmse:Rmse", "root of the mean squared error", tasks=NUMBERS),
        Component("mae", f"{HOME}.mae:Mae", "mean absolute error", tasks=NUMBERS),
        Component("median_ae", f"{HOME}.median_ae:MedianAe", "median absolute error", tasks=NUMBERS),
        Component("r2", f"{HOME}.r2:R2", "share of variance explained", tasks=NUMBERS),
        Component("acper", f"{HOME}.acper:Acper", "share within some percent", options.AcperOptions, NUMBERS),
        Component(
            "quantile_loss",
            f"{HOME}.quantile_loss:QuantileLoss",
            "how well a quantile is predicted",
            options.QuantileLossOptions,
            NUMBERS,
        ),
        Component("mape", f"{HOME}.mape:Mape", "mean error as a share of the truth", tasks=NUMBERS),
        Component("max_error", f"{HOME}.max_error:MaxError", "the largest error", tasks=NUMBERS),
        Component(
            "poisson_deviance",
            f"{HOME}.poisson_deviance:PoissonDeviance",
            "how surprising counts are",
            tasks=NUMBERS,
        ),
    )
