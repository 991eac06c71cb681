# ReLU, Sigmoid or Tanh in the decoder?
# argo submit workflows/activation.py -n kvjob      or      python workflows/activation.py
apiVersion: "argoproj.io/v1alpha1"
kind: "Workflow"
metadata: {"generateName": "activation-"}
spec: {
    "workflowTemplateRef": {"name": "kvjob-study"},
    "arguments": {"parameters": [{"name": "study", "value": "activation"}]},
}
...

if __name__ == "__main__":
    from kvjob.cluster.workflow import show

    show(__name__)
