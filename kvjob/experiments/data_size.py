"""How many labelled images are enough?"""

from kvjob.study import Experiment

DATA_SIZE = Experiment.model_validate(
    {
        "name": "data_size",
        "title": "Size of the training set",
        "question": "How do the scores fall when there are fewer labelled images to learn from?",
        "factor": "train_fraction",
        "unit": "%",
        "levels": [
            {"name": str(percent), "label": f"{percent} %", "changes": {"train_fraction": percent / 100}}
            for percent in (10, 25, 50, 75, 100)
        ],
    }
)
