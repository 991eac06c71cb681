"""Which encoder, from a phone's to the paper's?"""

from kvjob.study import Experiment

ENCODER = Experiment.model_validate(
    {
        "name": "encoder",
        "title": "Encoder",
        "question": "What do smaller encoders cost in accuracy, and what do they save?",
        "factor": "encoder",
        "levels": [
            {"name": "resnet50", "label": "ResNet-50", "changes": {"encoder": "resnet50"}},
            {"name": "resnet34", "label": "ResNet-34", "changes": {"encoder": "resnet34"}},
            {"name": "resnet18", "label": "ResNet-18", "changes": {"encoder": "resnet18"}},
            {
                "name": "mobilenetv3",
                "label": "MobileNetV3-small",
                "changes": {"encoder": "tu-mobilenetv3_small_100"},
            },
            {
                "name": "efficientnet-lite0",
                "label": "EfficientNet-Lite0",
                "changes": {"encoder": "tu-tf_efficientnet_lite0"},
            },
        ],
    }
)
