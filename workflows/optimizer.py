# Adam, SGD with momentum, or RMSprop?
# argo submit workflows/optimizer.py -n kvjob      or      python workflows/optimizer.py
apiVersion: "argoproj.io/v1alpha1"
kind: "Workflow"
metadata: {"generateName": "optimizer-"}
spec: {
    "workflowTemplateRef": {"name": "kvjob-study"},
    "arguments": {"parameters": [{"name": "study", "value": "optimizer"}]},
}
...

if __name__ == "__main__":
    from kvjob.cluster.workflow import show

    show(__name__)
