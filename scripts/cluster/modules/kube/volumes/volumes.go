// Package volumes gives each PersistentVolumeClaim a folder of this node, and removes it with its volume.
//
// The volumes are of kind `local`, not `hostPath`: as on a cloud's disks, only root may write to them until a
// pod's fsGroup says otherwise, so a chart that forgets fsGroup fails here too.
package volumes

import (
	"context"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// Provisioner is the name that a StorageClass calls this provisioner by.
const Provisioner = "kvjob/node-folder"

// Command is `kube volumes --kubeconfig FILE --node NAME --root FOLDER`.
func Command() *cobra.Command {
	var kubeconfig string
	var node nodeFolders
	command := &cobra.Command{
		Use:          "volumes",
		Short:        "Provision persistent volumes as folders of a node",
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE: func(command *cobra.Command, _ []string) error {
			config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
			if err != nil {
				return err
			}
			client, err := kubernetes.NewForConfig(config)
			if err != nil {
				return err
			}
			ctx := command.Context()
			alone := controller.LeaderElection(false)
			controller.NewProvisionController(ctx, client, Provisioner, node, alone).Run(ctx)
			return nil
		},
	}
	command.Flags().StringVar(&kubeconfig, "kubeconfig", "", "how to reach the API server")
	command.Flags().StringVar(&node.name, "node", "", "the node whose disk holds the volumes")
	command.Flags().StringVar(&node.root, "root", "", "the folder that holds a folder per volume")
	for _, flag := range []string{"kubeconfig", "node", "root"} {
		_ = command.MarkFlagRequired(flag)
	}
	return command
}

type nodeFolders struct{ name, root string }

func (n nodeFolders) Provision(_ context.Context, order controller.ProvisionOptions) (
	*core.PersistentVolume, controller.ProvisioningState, error,
) {
	path := filepath.Join(n.root, order.PVName)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	volume := &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: order.PVName},
		Spec: core.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *order.StorageClass.ReclaimPolicy,
			AccessModes:                   order.PVC.Spec.AccessModes,
			VolumeMode:                    order.PVC.Spec.VolumeMode,
			Capacity: core.ResourceList{
				core.ResourceStorage: order.PVC.Spec.Resources.Requests[core.ResourceStorage],
			},
			PersistentVolumeSource: core.PersistentVolumeSource{
				Local: &core.LocalVolumeSource{Path: path},
			},
			NodeAffinity: n.affinity(),
		},
	}
	return volume, controller.ProvisioningFinished, nil
}

func (n nodeFolders) Delete(_ context.Context, volume *core.PersistentVolume) error {
	// By its name, not by its path: whoever may write volumes must not choose what root deletes.
	return os.RemoveAll(filepath.Join(n.root, filepath.Base(volume.Name)))
}

func (n nodeFolders) affinity() *core.VolumeNodeAffinity {
	here := core.NodeSelectorRequirement{
		Key: core.LabelHostname, Operator: core.NodeSelectorOpIn, Values: []string{n.name},
	}
	term := core.NodeSelectorTerm{MatchExpressions: []core.NodeSelectorRequirement{here}}
	return &core.VolumeNodeAffinity{
		Required: &core.NodeSelector{NodeSelectorTerms: []core.NodeSelectorTerm{term}},
	}
}
