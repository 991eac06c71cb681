"""How much image detail does the network need?"""

from kvjob.study import Experiment

RESOLUTION = Experiment.model_validate(
    {
        "name": "resolution",
        "title": "Image resolution",
        "question": "How do the scores change when the images lose detail before they reach the network?",
        "factor": "resolution",
        "unit": "px",
        "levels": [64, 128, 256, 512],
    }
)
