// Package sandboxes ends every pod that the container runtime holds, the kubelet's knowledge or not.
//
// It is how the node loses its power, and how the cluster goes down: removed through the runtime, a pod takes
// its containers, shims, mounts and network interface with it.
package sandboxes

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/spf13/cobra"
	cri "k8s.io/cri-api/pkg/apis"
	remote "k8s.io/cri-client/pkg"
)

// Command is `kube sandboxes --runtime ENDPOINT`.
func Command() *cobra.Command {
	var endpoint string
	command := &cobra.Command{
		Use:          "sandboxes",
		Short:        "End and remove every pod of the container runtime, at once",
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE: func(command *cobra.Command, _ []string) error {
			runtime, err := remote.NewRemoteRuntimeService(endpoint, 30*time.Second, nil, nil)
			if err != nil {
				return err
			}
			return removeAll(command.Context(), runtime)
		},
	}
	command.Flags().StringVar(&endpoint, "runtime", "", "the runtime's endpoint, unix://…")
	_ = command.MarkFlagRequired("runtime")
	return command
}

func removeAll(ctx context.Context, runtime cri.RuntimeService) error {
	pods, err := runtime.ListPodSandbox(ctx, nil)
	if err != nil {
		return err
	}
	failures := make([]error, len(pods))
	var running sync.WaitGroup
	for i, pod := range pods {
		running.Go(func() {
			// Removing forces what still runs; stopping first gives its network back to the CNI plugin.
			if failures[i] = runtime.StopPodSandbox(ctx, pod.Id); failures[i] == nil {
				failures[i] = runtime.RemovePodSandbox(ctx, pod.Id)
			}
		})
	}
	running.Wait()
	return errors.Join(failures...)
}
