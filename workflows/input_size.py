# At which size should the network be trained?
# argo submit workflows/input_size.py -n kvjob      or      python workflows/input_size.py
apiVersion: "argoproj.io/v1alpha1"
kind: "Workflow"
metadata: {"generateName": "input-size-"}
spec: {
    "workflowTemplateRef": {"name": "kvjob-study"},
    "arguments": {"parameters": [{"name": "study", "value": "input-size"}]},
}
...

if __name__ == "__main__":
    from kvjob.cluster.workflow import show

    show(__name__)
