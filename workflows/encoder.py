# How small may the encoder be?
# argo submit workflows/encoder.py -n kvjob      or      python workflows/encoder.py
apiVersion: "argoproj.io/v1alpha1"
kind: "Workflow"
metadata: {"generateName": "encoder-"}
spec: {
    "workflowTemplateRef": {"name": "kvjob-study"},
    "arguments": {"parameters": [{"name": "study", "value": "encoder"}]},
}
...

if __name__ == "__main__":
    from kvjob.cluster.workflow import show

    show(__name__)
