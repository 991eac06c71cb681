"""Which optimiser, at the same learning rate?"""

from kvjob.study import Experiment

OPTIMIZER = Experiment.model_validate(
    {
        "name": "optimizer",
        "title": "Optimiser",
        "question": "Which optimiser reaches the better scores at the same learning rate?",
        "factor": "optimizer",
        "levels": [
            {"name": "adam", "label": "Adam", "changes": {"optimizer": "adam"}},
            {"name": "sgd", "label": "SGD with momentum", "changes": {"optimizer": "sgd"}},
            {"name": "rmsprop", "label": "RMSprop", "changes": {"optimizer": "rmsprop"}},
        ],
    }
)
