"""Run folder -> pictures, curves and tables.

Knows only the files of a run folder (docs: "Run folder"), nothing of the programs that wrote them:

    from postprocess.run import Run            # read a finished or interrupted run
    from postprocess.pictures import plot      # RUN/pictures/*.png, *.pdf
    from postprocess.compare import compare    # several runs side by side

Drawing libraries are loaded only by the modules that draw, so that importing this package stays cheap.
"""
