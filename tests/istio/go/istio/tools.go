//go:build tools

// Package tools names what is built: so its dependencies stay in go.mod.
package tools

import (
	_ "github.com/google/go-containerregistry/cmd/crane"
	_ "istio.io/istio/istioctl/cmd/istioctl"
	_ "istio.io/istio/pilot/cmd/pilot-agent"
	_ "istio.io/istio/pilot/cmd/pilot-discovery"
)
