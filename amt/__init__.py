"""The Anticipatory Music Transformer, compiled with TVM: vocabulary to composer. Knows patterns; knows no OSC."""
