# A factor of one's own: copy this file, and name a field of TrainConfig and its values.
# argo submit workflows/learning_rate.py -n kvjob      or      python workflows/learning_rate.py
apiVersion: "argoproj.io/v1alpha1"
kind: "Workflow"
metadata: {"generateName": "learning-rate-"}
spec: {
    "workflowTemplateRef": {"name": "kvjob-study"},
    "arguments": {
        "parameters": [
            {
                "name": "study",
                "value": '{"name": "learning-rate", "experiments": [{"name": "learning_rate", "levels": [0.001, 0.0001, 0.00001]}]}',
            }
        ]
    },
}
...

if __name__ == "__main__":
    from kvjob.cluster.workflow import show

    show(__name__)
