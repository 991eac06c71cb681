# Which transformation of the training images helps?
# argo submit workflows/augmentation.py -n kvjob      or      python workflows/augmentation.py
apiVersion: "argoproj.io/v1alpha1"
kind: "Workflow"
metadata: {"generateName": "augmentation-"}
spec: {
    "workflowTemplateRef": {"name": "kvjob-study"},
    "arguments": {"parameters": [{"name": "study", "value": "augmentation"}]},
}
...

if __name__ == "__main__":
    from kvjob.cluster.workflow import show

    show(__name__)
