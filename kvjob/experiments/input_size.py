"""What does training at another size change?"""

from kvjob.study import Experiment

INPUT_SIZE = Experiment.model_validate(
    {
        "name": "input_size",
        "title": "Input size",
        "question": "What does the network gain when it sees, and is scored on, larger images?",
        "factor": "input_size",
        "unit": "px",
        "levels": [128, 256, 384, 512],
    }
)
