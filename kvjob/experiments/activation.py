"""Which hidden activation in the decoder?"""

from kvjob.study import Experiment

ACTIVATION = Experiment.model_validate(
    {
        "name": "activation",
        "title": "Activation function",
        "question": "What does the decoder gain or lose with another hidden activation?",
        "factor": "activation",
        "levels": [
            {"name": "relu", "label": "ReLU", "changes": {"activation": "relu"}},
            {"name": "sigmoid", "label": "Sigmoid", "changes": {"activation": "sigmoid"}},
            {"name": "tanh", "label": "Tanh", "changes": {"activation": "tanh"}},
        ],
    }
)
