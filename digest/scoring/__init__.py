"""Who scores papers: the language model, the embedded scorer; prompts, topics, prices."""
