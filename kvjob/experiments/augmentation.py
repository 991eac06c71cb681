"""Does showing the network altered images help?"""

from kvjob.study import Experiment

AUGMENTATION = Experiment.model_validate(
    {
        "name": "augmentation",
        "title": "Data augmentation",
        "question": "Which single augmentation of the training images helps, and by how much?",
        "factor": "augmentation",
        "levels": [
            {"name": "none", "label": "None", "changes": {"augmentation": "none"}},
            {"name": "flip", "label": "Horizontal flip", "changes": {"augmentation": "horizontal-flip"}},
            {
                "name": "brightness",
                "label": "Brightness and contrast",
                "changes": {"augmentation": "brightness-contrast"},
            },
            {"name": "blur", "label": "Gaussian blur", "changes": {"augmentation": "gaussian-blur"}},
        ],
    }
)
