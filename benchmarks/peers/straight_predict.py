"""What an engineer would script to score a file: read it whole, predict, write. Usage: MODEL INPUT OUTPUT."""

import argparse

import lightgbm
import pandas as pd


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    frame = pd.read_parquet(asked.input)
    model = lightgbm.Booster(model_file=asked.model)
    share = model.predict(frame, num_threads=asked.threads)
    labels = pd.Categorical.from_codes((share > 0.5).astype(int), categories=["no", "yes"])
    answers = pd.DataFrame({"prediction": labels, "p_no": 1 - share, "p_yes": share})
    answers.to_parquet(asked.output, compression="zstd", index=False)


if __name__ == "__main__":
    main()
