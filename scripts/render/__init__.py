"""Training pictures from formulas alone, path-traced with Blender (`scripts/render/render`)."""
